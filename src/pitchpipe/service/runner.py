"""A learner in the middle of its training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pitchpipe.service.http import JSON
from pitchpipe.stages import FitOptions, FitStep, Learner


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
    """

    def __init__(
        self,
        learner: Learner,
        train: Sequence[JSON],
        valid: Sequence[JSON],
        options: FitOptions,
        epoch: int,
    ) -> None:
        self._learner = learner
        self._fit = learner.fit(train, valid, options, epoch)
        self.epoch = epoch
        self.step = 0
        self.steps: list[FitStep] = []
        self.at_checkpoint = False

    def take(self, until: int) -> list[FitStep]:
        """Trains up to a step, or to the end of the epoch if that comes first.

        Args:
            until: the number of the step.

        Returns:
            The steps taken, at least one.

        Raises:
            RuntimeError: the learner gives no more steps though an epoch has not ended.
        """
        taken: list[FitStep] = []
        for step in self._fit:
            taken.append(step)
            if step.last_of_epoch or step.step >= until:
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
        self._learner.save(folder)
