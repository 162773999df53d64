"""A job's training: what is before it, and a learner in the middle of it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pitchpipe.service.engine.examples import JobError
from pitchpipe.service.graders.grading import build
from pitchpipe.service.http import JSON
from pitchpipe.service.storage.store import Row
from pitchpipe.stages import FitOptions, FitStep, Learner


@dataclass(frozen=True)
class Plan:
    """What a running job has before it.

    Attributes:
        options: how it trains.
        steps: steps of all its epochs.
    """

    options: FitOptions
    steps: int

    @property
    def epochs(self) -> int:
        """Passes over the records."""
        return self.options.n_epochs

    @property
    def batch(self) -> int:
        """Records a step."""
        return self.options.batch_size

    @classmethod
    def of(cls, row: Row) -> Plan:
        """The plan of a job whose hyperparameters are settled."""
        method = row.body["method"]
        own = method[method["type"]]
        values = own["hyperparameters"]
        options = FitOptions(
            n_epochs=values["n_epochs"],
            batch_size=values["batch_size"],
            learning_rate_multiplier=float(values["learning_rate_multiplier"]),
            seed=row.body["seed"],
            method=method["type"],
            beta=values.get("beta", 0.1),
            extra=values,
            grade=build(own["grader"]).reward if "grader" in own else None,
        )
        batches = math.ceil(row.private["records"] / options.batch_size)
        return cls(options, batches * options.n_epochs)


class Runner:
    """Takes a learner through its training a slice at a time.

    Args:
        learner: as it was at the end of the epochs that are done.
        train: records to train on.
        valid: records to measure on.
        options: how to train.
        epoch: epochs that are done.

    Attributes:
        epoch: epochs that are done.
        step: the last step taken, 0 before the first.
        steps: the steps since the last checkpoint.
        at_checkpoint: whether an epoch has just ended, so that the learner may be saved.
        learner: as it is now.
        valid: as given.
    """

    def __init__(
        self,
        learner: Learner,
        train: Sequence[JSON],
        valid: Sequence[JSON],
        options: FitOptions,
        epoch: int,
    ) -> None:
        self.learner = learner
        self.valid = valid
        self._fit = learner.fit(train, valid, options, epoch)
        self.epoch = epoch
        self.step = 0
        self.steps: list[FitStep] = []
        self.at_checkpoint = False

    def take(self, until: int, seconds: float) -> list[FitStep]:
        """Trains up to a step, or to the end of the epoch or of the time if that comes first.

        Args:
            until: the number of the step.
            seconds: after which no further step begins.

        Returns:
            The steps taken, at least one.

        Raises:
            RuntimeError: the learner gives no more steps though an epoch has not ended.
        """
        taken: list[FitStep] = []
        end = time.monotonic() + seconds
        for step in self._fit:
            taken.append(step)
            if step.last_of_epoch or step.step >= until or time.monotonic() >= end:
                break
        if not taken:
            raise RuntimeError(f"training ended after step {self.step}, before its last epoch did")
        self.step = taken[-1].step
        self.at_checkpoint = taken[-1].last_of_epoch
        self.epoch += self.at_checkpoint
        self.steps += taken
        return taken

    def save(self, folder: Path) -> None:
        """Saves the learner into an empty folder."""
        self.learner.save(folder)


def refuse_divergence(steps: Sequence[FitStep]) -> None:
    """Lets no figure through that JSON could not show.

    Raises:
        JobError: one is not finite; names the step.
    """
    for step in steps:
        figures = (step.train_loss, step.valid_loss or 0, step.valid_accuracy or 0)
        if not all(map(math.isfinite, figures)):
            raise JobError(
                "training_diverged",
                f"Training diverged: the loss is no longer finite at step {step.step}. "
                "Use a smaller learning_rate_multiplier.",
                "hyperparameters.learning_rate_multiplier",
            )
