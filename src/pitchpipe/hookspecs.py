"""The hooks: what a plugin may implement. Hooks carry classes and news, never rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import pluggy

if TYPE_CHECKING:
    from pitchpipe.records import Estimate, JobEvent, RunInfo
    from pitchpipe.stages import (
        Engine,
        Formatter,
        Learner,
        Predictor,
        Splitter,
        Trainer,
        Validator,
    )

PROJECT = "pitchpipe"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

Stage_contra = TypeVar("Stage_contra", contravariant=True)


class Register(Protocol[Stage_contra]):
    """The callback a plugin offers its stage classes through."""

    def __call__(self, name: str, stage: Stage_contra, /) -> None:
        """Offer ``stage`` under ``name`` (lower case, words joined by hyphens)."""


@hookspec
def register_formatters(register: Register[type[Formatter]]) -> None:
    """Offer formatter classes: source rows to records."""


@hookspec
def register_validators(register: Register[type[Validator[object]]]) -> None:
    """Offer validator classes: chunks to findings."""


@hookspec
def register_splitters(register: Register[type[Splitter]]) -> None:
    """Offer splitter classes: which records are held out."""


@hookspec
def register_trainers(register: Register[type[Trainer]]) -> None:
    """Offer trainer classes: prepared files to a job and its model."""


@hookspec
def register_predictors(register: Register[type[Predictor]]) -> None:
    """Offer predictor classes: requests to answers."""


@hookspec
def register_learners(register: Register[type[Learner]]) -> None:
    """Offer learner classes: what the offline service trains."""


@hookspec
def register_engines(register: Register[type[Engine]]) -> None:
    """Offer engine classes: where folds run."""


@hookspec
def run_started(run: RunInfo) -> None:
    """A run begins, or goes on after an interruption."""


@hookspec
def stage_started(run: RunInfo, stage: str) -> None:
    """A stage of the run begins."""


@hookspec
def stage_progressed(run: RunInfo, stage: str, done: int, total: int | None) -> None:
    """A stage has done so many of its units; total is None while unknown."""


@hookspec
def stage_finished(run: RunInfo, stage: str, seconds: float) -> None:
    """A stage of the run is done; seconds is 0 when an earlier attempt had done it."""


@hookspec
def stage_failed(run: RunInfo, stage: str, error: BaseException) -> None:
    """A stage of the run raised."""


@hookspec
def job_estimated(run: RunInfo, estimate: Estimate) -> None:
    """The training job is about to be submitted, and is expected to take this."""


@hookspec
def job_event(run: RunInfo, event: JobEvent) -> None:
    """The training job has news; each event comes once a run."""


@hookspec
def run_finished(run: RunInfo, error: BaseException | None) -> None:
    """The run ends, well (None) or not."""
