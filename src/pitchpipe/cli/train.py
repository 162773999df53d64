"""Upload prepared files and create a fine-tuning job; its id is printed.

The same command again adopts the uploads and the job; --fresh makes new ones.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser


def configure(parser: Parser) -> None:
    """Adds the flags."""
    parser.add_argument("train", metavar="TRAIN", help="JSONL of the training records")
    parser.add_argument("--valid", "-v", metavar="VALID", help="JSONL of the validation records")
    parser.add_argument("--fresh", action="store_true", help="a new job, whatever was made before")
    parser.add_argument("--follow", action="store_true", help="show its events until it ends")
    flags.json_flag(parser)
    flags.training_flags(parser)
    flags.service_flags(parser)
    flags.column_flags(parser)
    flags.configuration_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Submits, and follows if asked to."""
    from pitchpipe.cli.follow import show
    from pitchpipe.cli.output import answer, answer_json, say
    from pitchpipe.cli.summary import estimate_text, practice_text
    from pitchpipe.journal_head import remove_journal
    from pitchpipe.pipeline import journal_beside

    pipeline = flags.pipeline_of(flags.configured(arguments))
    valid = Path(arguments.valid) if arguments.valid else None
    data = pipeline.load_prepared(Path(arguments.train), valid)
    if arguments.fresh:
        pipeline.check_budget(data)  # before the job that was made last is forgotten
        remove_journal(journal_beside(data.train))
    estimate = pipeline.estimate(data)
    say(estimate_text(estimate))
    job = pipeline.submit(data)
    if practised := practice_text(pipeline, data.train_rows):
        say(practised)
    if not arguments.json:
        answer(job.id)
        if arguments.follow:
            answer(show(pipeline, job.id, lambda _, line: say(line)).fine_tuned_model or "")
        else:
            say(f"Next: pitchpipe follow {job.id}")
        return 0
    if arguments.follow:
        job = show(pipeline, job.id, lambda _, line: say(line))
    answer_json(
        {
            "job": job.id,
            "status": job.status,
            "base_model": job.model,
            "model": job.fine_tuned_model,
            "train_rows": data.train_rows,
            "valid_rows": data.valid_rows,
            "estimate": asdict(estimate),
            "tunes_language_model": pipeline.trainer.tunes_language_model,
        }
    )
    return 0
