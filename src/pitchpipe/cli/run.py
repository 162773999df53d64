"""Take a table through the whole pipeline: prepare, train, follow, predict, score.

The same command again, after an interruption, goes on where it was.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser
from pitchpipe.errors import UsageError

if TYPE_CHECKING:
    from pitchpipe.pipeline import Source


def configure(parser: Parser) -> None:
    """Adds the flags."""
    parser.add_argument("file", metavar="FILE", nargs="?", help="the table")
    parser.add_argument("--sample", action="store_true", help="take the packaged film reviews")
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
    from pitchpipe.cli.output import answer, answer_json, say

    pipeline = flags.pipeline_of(flags.configured(arguments))
    done = pipeline.run(_source(arguments), arguments.run_dir, fresh=arguments.fresh)
    if inferred := summary.inferred_text(done.prepared):
        say(inferred)
    if not arguments.json:
        answer(summary.run_text(done, pipeline))
        return 0
    if practised := summary.practice_text(pipeline, done.prepared.train_rows):
        say(practised)
    answer_json(done.summary())
    return 0


def _source(arguments: argparse.Namespace) -> Source:
    if arguments.sample == (arguments.file is not None):
        raise UsageError("give either a FILE or --sample. See pitchpipe run --help.")
    if arguments.sample:
        from pitchpipe.samples import film_reviews

        return film_reviews()
    file: str = arguments.file
    return file
