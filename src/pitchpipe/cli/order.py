"""What cancel, pause and resume have in common: one order to one job."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser, filled

if TYPE_CHECKING:
    from pitchpipe.records import Job
    from pitchpipe.stages import Trainer


def configure(parser: Parser) -> None:
    """Adds the flags."""
    parser.add_argument("job", metavar="JOB", type=filled, help="the job's id")
    flags.json_flag(parser)
    flags.service_flags(parser)
    flags.configuration_flags(parser)


def give(arguments: argparse.Namespace, order: Callable[[Trainer, str], Job]) -> int:
    """Gives the order, and shows how the job stands."""
    from pitchpipe.cli.output import answer, answer_json

    job = order(flags.pipeline_of(flags.configured(arguments)).trainer, arguments.job)
    if arguments.json:
        answer_json(asdict(job))
    else:
        answer(f"{job.id} {job.status}")
    return 0
