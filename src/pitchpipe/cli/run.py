"""Take a table through the whole pipeline: prepare, train, follow, predict, score.

The same command again, after an interruption, goes on where it was.
"""

from __future__ import annotations

import argparse

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser


def configure(parser: Parser) -> None:
    """Adds the flags."""
    flags.source_flags(parser)
    parser.add_argument("--run-dir", metavar="DIR", help="where everything is kept")
    parser.add_argument("--fresh", action="store_true", help="begin anew, whatever was run before")
    flags.json_flag(parser)
    flags.data_flags(parser)
    flags.training_flags(parser)
    flags.service_flags(parser)
    flags.prediction_flags(parser)
    flags.scoring_flags(parser)
    flags.configuration_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it, and says how it went."""
    from pitchpipe.cli import summary
    from pitchpipe.cli.columns import with_columns
    from pitchpipe.cli.output import answer, answer_json, say

    source = flags.source_of(arguments)
    pipeline = with_columns(flags.pipeline_of, flags.configured(arguments), source)
    done = pipeline.run(source, arguments.run_dir, fresh=arguments.fresh)
    if inferred := summary.inferred_text(done.prepared):
        say(inferred)
    if not arguments.json:
        answer(summary.run_text(done, pipeline))
        return 0
    if practised := summary.practice_text(pipeline, done.prepared.train_rows):
        say(practised)
    answer_json(done.summary())
    return 0
