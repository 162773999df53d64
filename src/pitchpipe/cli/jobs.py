"""List the jobs of a trainer, newest first."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser


def configure(parser: Parser) -> None:
    """Adds the flags."""
    flags.json_flag(parser, "print one JSON array")
    flags.service_flags(parser)
    flags.configuration_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Lists them."""
    from pitchpipe.cli.output import answer, answer_json, say, table

    found = list(flags.pipeline_of(flags.configured(arguments)).trainer.jobs())
    if arguments.json:
        answer_json([asdict(job) for job in found])
    elif found:
        rows = [
            (job.id, job.status, _date(job.created_at), job.model, job.fine_tuned_model or "-")
            for job in found
        ]
        answer(table(("job", "status", "created", "base model", "model"), rows))
    else:
        say("There are no jobs.")
    return 0


def _date(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
