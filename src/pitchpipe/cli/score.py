"""Measure predictions against their references."""

from __future__ import annotations

import argparse

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser


def configure(parser: Parser) -> None:
    """Adds the flags."""
    parser.add_argument("predictions", metavar="PREDICTIONS", help="what predict or run wrote")
    flags.json_flag(parser)
    flags.task_flag(flags.scoring_flags(parser))
    flags.configuration_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Scores, and shows the figures."""
    from pitchpipe.cli.output import answer, answer_json
    from pitchpipe.cli.summary import scores_text

    scores = flags.pipeline_of(flags.configured(arguments)).score(arguments.predictions)
    if arguments.json:
        answer_json(scores)
    else:
        answer(scores_text(scores))
    return 0
