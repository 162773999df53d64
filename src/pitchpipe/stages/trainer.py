"""The trainer: prepared files to a job and its model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import pandas as pd

from pitchpipe.errors import UsageError
from pitchpipe.records import (
    Checkpoint,
    Contract,
    Estimate,
    Format,
    Job,
    JobEvent,
    PreparedData,
    TrainingSpec,
)
from pitchpipe.stages.capabilities import TrainerCapabilities
from pitchpipe.stages.learner import Learners
from pitchpipe.stages.ledger import Ledger


class Trainer(ABC):
    """Trains a model from prepared files through jobs that outlive the process.

    Promises: with the same ledger, a second ``submit`` adopts the uploads and the job of the first,
    whenever it was interrupted; ``follow`` gives every event once, oldest first.
    """

    predictor: ClassVar[str]
    """The registered name of the predictor that asks this trainer's models by default."""

    @property
    def capabilities(self) -> TrainerCapabilities:
        """Which promises it can keep; by default all."""
        return TrainerCapabilities()

    @property
    def tunes_language_model(self) -> bool:
        """Whether a language model is tuned. Where it is not, every summary says so."""
        return True

    @property
    def hosted(self) -> bool:
        """Whether it trains at the vendor's own service, where models retire."""
        return False

    def with_learners(self, learners: Learners) -> Self:
        """The same trainer, which finds learners in a plugin host; by default it needs none."""
        del learners
        return self

    def predictor_options(self) -> Mapping[str, Any]:
        """Options that the predictor needs to reach this trainer's models, such as a base URL."""
        return {}

    def format_of(self, model: str) -> Format | None:
        """The format that a model is trained on; None where the trainer knows nothing special."""
        del model
        return None

    def learner_for(self, model: str) -> str:
        """The name of what is trained where that model is asked for; by default the model's own.

        Models with the same answer cannot be compared with one another.
        """
        return model

    @abstractmethod
    def estimate(self, data: PreparedData, spec: TrainingSpec) -> Estimate:
        """What the job is expected to take; nothing is sent.

        Its cost is a number of 0 or more, or None where it is not known: then no job is created
        that has a limit to keep to.
        """

    @abstractmethod
    def submit(self, data: PreparedData, spec: TrainingSpec, ledger: Ledger) -> Job:
        """Uploads the files and creates the job, or adopts what the ledger knows of.

        When the job is created it writes down the outcome of the step "job": what follows is paid
        for. Whether a new job keeps to ``spec.max_cost`` is checked before, by pipelines.
        """

    @abstractmethod
    def follow(self, job_id: str, seen: Iterable[str] = ()) -> Iterator[JobEvent]:
        """The job's events until it ends, those with an id in ``seen`` left out."""

    @abstractmethod
    def job(self, job_id: str) -> Job:
        """The job as it stands."""

    @abstractmethod
    def jobs(self) -> Iterator[Job]:
        """All jobs, newest first."""

    @abstractmethod
    def cancel(self, job_id: str) -> Job:
        """Ends the job without a model."""

    @abstractmethod
    def pause(self, job_id: str) -> Job:
        """Stops the job until it is resumed."""

    @abstractmethod
    def resume(self, job_id: str) -> Job:
        """Lets a paused job go on."""

    @abstractmethod
    def checkpoints(self, job_id: str) -> Sequence[Checkpoint]:
        """The models kept on the way, by step."""

    @abstractmethod
    def metrics(self, job_id: str) -> pd.DataFrame:
        """The job's result file, one row a step, columns as its header names them."""

    def export(self, model: str, folder: Path, form: str) -> None:
        """Writes a model into an existing empty folder, for other programs; by default it cannot.

        Args:
            model: its name.
            folder: where.
            form: which of the forms that whatever made it knows, such as "adapter" or "merged".

        Raises:
            UsageError: it cannot be had, or not in that form.
        """
        del folder, form
        raise UsageError(
            f"model {model!r} stays at the service that made it; only models that were trained in "
            "this process can be exported."
        )

    @abstractmethod
    def contract(self, model: str) -> Contract | None:
        """The contract that was saved with the model on the service, if it was."""
