"""Show a job's events until it ends, then the name of its model. Exits with 1 if it has none."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser, filled

if TYPE_CHECKING:
    from pitchpipe.pipeline import Pipeline
    from pitchpipe.records import Job, JobEvent


def configure(parser: Parser) -> None:
    """Adds the flags."""
    parser.add_argument("job", metavar="JOB", type=filled, help="the job's id")
    flags.json_flag(parser, "print one JSON object a line: the events, then the job")
    flags.service_flags(parser)
    flags.configuration_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Follows, and names the model."""
    from dataclasses import asdict

    from pitchpipe.cli.output import answer, answer_json

    pipeline = flags.pipeline_of(flags.configured(arguments))
    if not arguments.json:
        job = show(pipeline, arguments.job, lambda _, line: answer(line))
        answer(job.fine_tuned_model or "")
        return 0
    job = show(pipeline, arguments.job, lambda event, _: answer_json(asdict(event), compact=True))
    answer_json({"job": job.id, "status": job.status, "model": job.fine_tuned_model}, compact=True)
    return 0


def show(pipeline: Pipeline, job_id: str, tell: Callable[[JobEvent, str], None]) -> Job:
    """Follows a job to its end.

    Args:
        pipeline: whose trainer knows the job.
        job_id: which one.
        tell: hears each event, as it is and as a line.

    Returns:
        The job, with its model.

    Raises:
        JobFailedError: it ended without one.
    """
    from pitchpipe.cli.output import shown
    from pitchpipe.errors import JobFailedError

    for event in pipeline.follow(job_id):
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.created_at))
        level = "" if event.level == "info" else f"{event.level}: "
        tell(event, f"{at} {level}{shown(event.message)}")
    job = pipeline.trainer.job(job_id)
    if job.fine_tuned_model is None:
        raise JobFailedError(
            f"job {job.id} {job.status}" + (f": {job.error}" if job.error else ".")
        )
    return job
