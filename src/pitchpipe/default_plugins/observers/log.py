"""Sends the run's news to the ``pitchpipe.run`` logger."""

from __future__ import annotations

import logging

from pitchpipe.hookspecs import hookimpl
from pitchpipe.records import Estimate, JobEvent, RunInfo

_log = logging.getLogger("pitchpipe.run")


@hookimpl
def run_started(run: RunInfo) -> None:
    """Logs it."""
    _log.info("%s: run started in %s", run.name, run.folder)


@hookimpl
def stage_started(run: RunInfo, stage: str) -> None:
    """Logs it."""
    _log.info("%s: %s started", run.name, stage)


@hookimpl
def stage_finished(run: RunInfo, stage: str, seconds: float) -> None:
    """Logs it."""
    _log.info("%s: %s finished in %.3f s", run.name, stage, seconds)


@hookimpl
def stage_failed(run: RunInfo, stage: str, error: BaseException) -> None:
    """Logs it."""
    _log.error("%s: %s failed: %s", run.name, stage, str(error) or type(error).__name__)


@hookimpl
def job_estimated(run: RunInfo, estimate: Estimate) -> None:
    """Logs it."""
    cost = "unknown" if estimate.cost is None else f"{estimate.cost:.2f} USD"
    _log.info(
        "%s: about %d tokens, %d epochs, cost %s (%s)",
        run.name,
        estimate.tokens,
        estimate.epochs,
        cost,
        estimate.source,
    )


@hookimpl
def job_event(run: RunInfo, event: JobEvent) -> None:
    """Logs it, as loud as the service says."""
    level = {"warn": logging.WARNING, "error": logging.ERROR}.get(event.level, logging.INFO)
    _log.log(level, "%s: %s", run.name, event.message)


@hookimpl
def run_finished(run: RunInfo, error: BaseException | None) -> None:
    """Logs it."""
    _log.info("%s: run %s", run.name, "finished" if error is None else "stopped")
