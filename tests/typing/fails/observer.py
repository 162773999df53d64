"""News read as what it is not."""

from __future__ import annotations

import logging

from pitchpipe import hookimpl
from pitchpipe.records import JobEvent, RunInfo

_log = logging.getLogger(__name__)


@hookimpl
def job_event(event: JobEvent) -> None:
    _log.info(event.text)  # error: attr-defined


@hookimpl
def run_started(run: RunInfo) -> None:
    run.name = "another"  # error: misc


@hookimpl
def run_finished(error: BaseException | None) -> None:
    _log.info(error.args)  # error: union-attr
