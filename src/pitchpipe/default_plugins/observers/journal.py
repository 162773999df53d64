"""Writes the run's news into its journal, for whoever reads the folder later."""

from __future__ import annotations

from pitchpipe.hookspecs import hookimpl
from pitchpipe.journal import note
from pitchpipe.records import RunInfo


@hookimpl
def run_started(run: RunInfo) -> None:
    """Notes it."""
    note(run.folder, "run-started")


@hookimpl
def stage_started(run: RunInfo, stage: str) -> None:
    """Notes it."""
    note(run.folder, "stage-started", stage=stage)


@hookimpl
def stage_finished(run: RunInfo, stage: str, seconds: float) -> None:
    """Notes it."""
    note(run.folder, "stage-finished", stage=stage, seconds=round(seconds, 6))


@hookimpl
def stage_failed(run: RunInfo, stage: str, error: BaseException) -> None:
    """Notes it, with the kind of error; its words are for the user."""
    note(run.folder, "stage-failed", stage=stage, error=type(error).__name__)


@hookimpl
def run_finished(run: RunInfo, error: BaseException | None) -> None:
    """Notes it."""
    note(run.folder, "run-finished", error=type(error).__name__ if error else None)
