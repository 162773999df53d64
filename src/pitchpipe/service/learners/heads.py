"""What a head is: the part of a learner that scores the answers it knows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from pitchpipe.service.learners.features import Ints

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Arrays = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True)
class Lesson:
    """What there is to learn; answers are given by their places in the list of answers.

    Attributes:
        prompts: the features of each prompt, ascending, ALWAYS among them.
        targets: what to answer to each.
        others: what not to answer to each, for preferences; else None.
        offered: whether targets are only answers to try first, and rewards tell which are right.
    """

    prompts: Sequence[Sequence[int]]
    targets: Ints
    others: Ints | None
    offered: bool = False


class Head(ABC):
    """Scores answers and learns from batches of a lesson. An answer's score is its logit."""

    name: ClassVar[str]

    @abstractmethod
    def begin(self, lesson: Lesson, answers: int, fresh: bool) -> None:
        """Makes room for a lesson before its batches.

        Args:
            lesson: all of it.
            answers: how many answers are known, those of the lesson among them.
            fresh: whether the lesson starts now, so that preferences are measured from here.
        """

    @abstractmethod
    def supervise(self, batch: Ints, rate: float) -> tuple[Floats, Bools]:
        """Learns the targets of some rows of the lesson; their losses and hits before that."""

    @abstractmethod
    def prefer(self, batch: Ints, rate: float, beta: float) -> tuple[Floats, Bools]:
        """Learns the preferences of some rows of the lesson; losses and hits before that."""

    @abstractmethod
    def descend(self, batch: Ints, slope: Floats, rate: float) -> None:
        """Moves the scores of some rows of the lesson down a slope of shape (rows, answers)."""

    @abstractmethod
    def scores(self, prompt: Sequence[int], reference: bool = False) -> Floats:
        """The score of each answer to a prompt of these features, ascending, ALWAYS among them.

        With ``reference`` as they were at the start of the lesson.
        """

    @abstractmethod
    def save(self) -> Arrays:
        """All of it but the lesson."""

    @classmethod
    @abstractmethod
    def load(cls, arrays: Arrays) -> Self:
        """The head that was saved.

        Raises:
            KeyError: an array is missing.
        """


def preference(margins: Floats, beta: float) -> tuple[Floats, Floats]:
    """The loss of direct preference optimisation, and how hard to push.

    Args:
        margins: by how much the preferred answer's log-odds over the other rose since the start.
        beta: weight of the divergence penalty.

    Returns:
        The loss of each margin, and the share of the full step that it still calls for (0 to 1).
    """
    losses = np.logaddexp(0.0, -beta * margins)
    return losses, -np.expm1(-losses)
