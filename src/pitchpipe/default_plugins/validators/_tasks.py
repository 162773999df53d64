"""What decides the kind of task, as a fold."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._affixes import texts_of
from pitchpipe.default_plugins.validators._fields import cells
from pitchpipe.default_plugins.validators._text import text_of
from pitchpipe.digests import Hashes, digest
from pitchpipe.records import COMPLETION, PROMPT, TaskChoice
from pitchpipe.tasks import TaskKind, task_kind

MOST_KEPT = 16_384
"""How many fingerprints are kept, and thus up to how many different values are counted exactly."""


@dataclass(frozen=True, eq=False)
class Distinct:
    """How many different values there are, told from a part of them that is chosen by chance.

    Kept are the fingerprints that begin with ``level`` zero bits, in binary, where ``level`` is the
    least that leaves no more than ``MOST_KEPT``. So it takes little memory whatever there is, is
    exact up to so many, and beyond that within three in a hundred.

    Attributes:
        level: how many bits.
        kept: the fingerprints, ascending.
    """

    level: int = 0
    kept: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))

    @classmethod
    def of(cls, hashes: Hashes) -> Distinct:
        """Those of some fingerprints."""
        return _least(0, _different(hashes))

    def __add__(self, other: Distinct) -> Distinct:
        level = max(self.level, other.level)
        both = _below(self.kept, level), _below(other.kept, level)
        return _least(level, _different(np.concatenate(both)))

    def __len__(self) -> int:
        return len(self.kept) << self.level


def _least(level: int, hashes: Hashes) -> Distinct:
    """The part of ascending fingerprints to keep, which begin with so many zero bits already."""
    while len(hashes) > MOST_KEPT:
        level += 1
        hashes = _below(hashes, level)
    return Distinct(level, hashes)


def _different(hashes: Hashes) -> Hashes:
    """Fingerprints each once, ascending; numpy's own is slower, as it gathers them first."""
    ascending = np.sort(hashes)
    return ascending[np.flatnonzero(np.diff(ascending, prepend=~ascending[:1]))]


def _below(hashes: Hashes, level: int) -> Hashes:
    """Of ascending fingerprints those that begin with so many zero bits."""
    return hashes[: np.searchsorted(hashes, np.uint64(2 ** (64 - level)))] if level else hashes


@dataclass(frozen=True)
class TaskSeen:
    """What decides the kind of task.

    Attributes:
        rows: how many rows there are.
        asks: whether any prompt holds anything.
        answers: the different completions.
    """

    rows: int = 0
    asks: bool = False
    answers: Distinct = field(default_factory=Distinct)

    @classmethod
    def of(cls, chunk: pd.DataFrame) -> TaskSeen:
        """That of a chunk, worked out once for all who ask."""
        return text_of(chunk).once("task", COMPLETION, lambda: cls._of(chunk))

    @classmethod
    def _of(cls, chunk: pd.DataFrame) -> TaskSeen:
        texts = texts_of(chunk, COMPLETION)
        different = set(texts) if len(texts) == len(chunk) else cells(chunk, COMPLETION)
        return cls(len(chunk), any(texts_of(chunk, PROMPT)), Distinct.of(digest([list(different)])))

    def __add__(self, other: TaskSeen) -> TaskSeen:
        return TaskSeen(
            self.rows + other.rows, self.asks or other.asks, self.answers + other.answers
        )

    def kind(self, asked: TaskChoice = "auto") -> TaskKind:
        """The kind of task, given what the user says that answers are."""
        return task_kind(self.rows, len(self.answers), self.asks, asked)
