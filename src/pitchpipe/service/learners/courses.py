"""Ways of training a head: what a step of it does, and what is measured."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pitchpipe.service.learners.answers import chance, sample
from pitchpipe.service.learners.features import Ints
from pitchpipe.service.learners.heads import Floats, Head, Lesson
from pitchpipe.service.learners.judging import measure

Figures = tuple[float, float]
"""A loss and an accuracy."""

Record = Mapping[str, Any]
Grade = Callable[[Record, str], float]


class Course(ABC):
    """One training of a head."""

    @abstractmethod
    def learn(self, batch: Ints, epoch: int) -> Figures:
        """Learns some rows of the lesson, one or more; the figures are of before that."""

    @abstractmethod
    def measure(self, step: int) -> Figures | tuple[None, None]:
        """The figures on the records that are held out, none if there are none."""


@dataclass(frozen=True)
class Taught(Course):
    """From answers that are given, or from preferences.

    Attributes:
        head: what learns.
        exam: what it is measured on.
        rate: of learning.
        pairs: whether they are preferences.
        beta: weight of the divergence penalty, for preferences.
    """

    head: Head
    exam: Lesson
    rate: float
    pairs: bool
    beta: float

    def learn(self, batch: Ints, epoch: int) -> Figures:
        """As Course says."""
        del epoch
        if self.pairs:
            losses, right = self.head.prefer(batch, self.rate, self.beta)
        else:
            losses, right = self.head.supervise(batch, self.rate)
        return float(losses.mean()), float(right.mean())

    def measure(self, step: int) -> Figures | tuple[None, None]:
        """As Course says."""
        del step
        return measure(self.head, self.exam, self.beta) if self.exam.prompts else (None, None)


@dataclass(frozen=True)
class Graded:
    """Records, and what answers to them are worth.

    Attributes:
        records: of the API.
        prompts: the features of each.
        answers: that can be given.
        grade: what an answer to a record is worth; asked once for each pair.
    """

    records: Sequence[Record]
    prompts: Sequence[Sequence[int]]
    answers: Sequence[str]
    grade: Grade
    _known: dict[tuple[int, int], float] = field(default_factory=dict, repr=False)

    def draw(self, head: Head, row: int, chances: Sequence[float]) -> tuple[list[int], Floats]:
        """Answers to a record as the head would give them by chance, and their rewards."""
        scores = head.scores(self.prompts[row])
        drawn = [sample(scores, 1.0, each) for each in chances]
        return drawn, np.array([self._reward(row, answer) for answer in drawn])

    def _reward(self, row: int, answer: int) -> float:
        key = (row, answer)
        if key not in self._known:
            self._known[key] = float(self.grade(self.records[row], self.answers[answer]))
        return self._known[key]


@dataclass(frozen=True)
class Rewarded(Course):
    """From the rewards of its own answers: policy gradient (REINFORCE).

    Each record is answered several times by chance. An answer's advantage is its reward less the
    mean reward of the record's other answers, which is a baseline that does not bias the gradient
    (leave one out). The chances depend on the seed, the epoch and the record alone.

    Losses are 1 less the mean reward, accuracies the mean reward.

    Attributes:
        head: what learns.
        train: what it answers.
        valid: what it is measured on.
        rate: of learning.
        seed: decides by chance.
        samples: answers to a record in training, at least 2.
        exam_samples: answers to a held-out record.
    """

    head: Head
    train: Graded
    valid: Graded
    rate: float
    seed: int
    samples: int
    exam_samples: int

    def learn(self, batch: Ints, epoch: int) -> Figures:
        """As Course says."""
        slope = np.zeros((len(batch), len(self.train.answers)))
        means = []
        for place, row in enumerate(batch.tolist()):
            chances = [chance(self.seed, epoch, row, turn) for turn in range(self.samples)]
            drawn, rewards = self.train.draw(self.head, row, chances)
            means.append(rewards.mean())
            advantages = (rewards - rewards.mean()) / (self.samples - 1)
            np.subtract.at(slope[place], drawn, advantages)
        self.head.descend(batch, slope, self.rate)
        return _figures(means)

    def measure(self, step: int) -> Figures | tuple[None, None]:
        """As Course says."""
        if not self.valid.records:
            return None, None
        means = []
        for row in range(len(self.valid.records)):
            turns = range(self.exam_samples)
            chances = [chance(self.seed, 0, step, row, turn) for turn in turns]
            means.append(self.valid.draw(self.head, row, chances)[1].mean())
        return _figures(means)


def _figures(rewards: Sequence[float]) -> Figures:
    reward = float(np.mean(rewards))
    return 1 - reward, reward
