"""How a job speaks: the words of its events, its model's name, its result file.

There are two generations of the API over the one training; all that tells them apart in a job is
here.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from pitchpipe.service.engine.runner import Plan, Runner
from pitchpipe.service.http import JSON
from pitchpipe.service.storage.store import Row, Store
from pitchpipe.stages import FitStep


class Dialect(ABC):
    """What a job says and writes.

    Attributes:
        parent: of the rows of its jobs, so that each generation lists its own.
        result_file: the name of a job's result file.
        tells_steps: whether steps are events.
    """

    parent: ClassVar[str]
    result_file: ClassVar[str]
    tells_steps: ClassVar[bool]

    @abstractmethod
    def model_name(self, store: Store, job_id: str, base: str, suffix: str, now: float) -> str:
        """What the tuned model is going to be called; no other is called so.

        Args:
            store: where models are.
            job_id: the job.
            base: the full name of the base model.
            suffix: as asked for, "" for none.
            now: Unix seconds.
        """

    @abstractmethod
    def created(self, job: Row) -> list[str]:
        """Said when the job was created."""

    @abstractmethod
    def validated(self, job: Row, ahead: int) -> list[str]:
        """Said when its files are good and so many jobs are before it."""

    @abstractmethod
    def started(self, job: Row) -> list[str]:
        """Said when it begins to train."""

    @abstractmethod
    def kept(self, epoch: int, epochs: int, step: int) -> str:
        """Said when an epoch is over."""

    @abstractmethod
    def succeeded(self, model: str, file_id: str) -> list[str]:
        """Said when the model and the result file are there."""

    @abstractmethod
    def cancelled(self) -> str:
        """Said when somebody ended it."""

    @abstractmethod
    def failed(self, reason: str) -> str:
        """Said when it failed."""

    def check(self, job: Row, train: Sequence[JSON], valid: Sequence[JSON]) -> None:
        """Looks at the records for what only this generation asks of them.

        Raises:
            JobError: they cannot be trained on as asked.
        """
        del job, train, valid

    def measure(self, job: Row, runner: Runner) -> JSON:
        """Figures of the learner as it is at the end of an epoch, for the result file."""
        del job, runner
        return {}

    @abstractmethod
    def header(self, job: Row) -> str:
        """The first line of the result file."""

    @abstractmethod
    def rows(self, job: Row, plan: Plan, steps: Sequence[FitStep], figures: JSON) -> str:
        """Lines of the result file.

        Args:
            job: whose.
            plan: its steps.
            steps: those of one epoch.
            figures: what ``measure`` gave at its end.
        """

    def encode_results(self, table: str) -> bytes:
        """The bytes of the result file, as this generation of the API serves them.

        Args:
            table: the header and all rows, as CSV.
        """
        return table.encode()


def tidy(suffix: str) -> str:
    """A suffix as it stands in a model's name: lower case, words joined by hyphens."""
    return re.sub("[^a-z0-9]+", "-", suffix.lower()).strip("-")
