"""Upload prepared files and create a fine-tuning job; its id is printed.

The same command again adopts the uploads and the job; --fresh makes new ones.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser

if TYPE_CHECKING:
    from pitchpipe.pipeline import Pipeline
    from pitchpipe.records import PreparedData


def configure(parser: Parser) -> None:
    """Adds the flags."""
    parser.add_argument("train", metavar="TRAIN", help="JSONL of the training records")
    parser.add_argument("-v", "--valid", metavar="VALID", help="JSONL of the validation records")
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
    from pitchpipe.cli.summary import practice_text
    from pitchpipe.pipeline import journal_beside

    pipeline = flags.pipeline_of(flags.configured(arguments))
    data = pipeline.load_prepared(arguments.train, arguments.valid)
    if arguments.fresh:
        journal_beside(data.train).unlink(missing_ok=True)
    expected = _estimate(pipeline, data)
    say(_expected_text(expected))
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
            "estimate": expected,
            "tunes_language_model": pipeline.trainer.tunes_language_model,
        }
    )
    return 0


def _estimate(pipeline: Pipeline, data: PreparedData) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(pipeline.estimate(data))


def _expected_text(expected: dict[str, Any]) -> str:
    cost = "an unknown cost" if expected["cost"] is None else f"${expected['cost']:.2f}"
    return (
        f"Expected: {expected['tokens']} tokens, {expected['epochs']} epochs, {cost} "
        f"({expected['source']})."
    )
