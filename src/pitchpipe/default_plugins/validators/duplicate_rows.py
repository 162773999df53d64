"""Whether a record comes more than once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._digests import Ints, Remembered
from pitchpipe.default_plugins.validators._fields import Bools
from pitchpipe.default_plugins.validators._places import lowest, rows
from pitchpipe.records import Finding, Fix, FixLevel, Severity
from pitchpipe.stages import Scope, Validator


@dataclass(frozen=True, eq=False)
class DropLines:
    """Drops rows by their numbers.

    Attributes:
        lines: the numbers, ascending.
    """

    lines: Ints

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk without them."""
        here = chunk.index.to_numpy(np.int64)
        at = np.minimum(np.searchsorted(self.lines, here), len(self.lines) - 1)
        kept: Bools = self.lines[at] != here
        return chunk.loc[kept]


@dataclass(frozen=True)
class DuplicateRows(Validator[Remembered]):
    """Finds records that repeat an earlier one in all that they hold.

    Two are taken for equal when two 64-bit fingerprints are: of the question and of the answer.

    Attributes:
        level: whether they are dropped on request or only when this rule is named.
    """

    scope: ClassVar[Scope] = "index"
    fixes: ClassVar[bool] = True

    level: FixLevel = "recommended"

    def start(self) -> Remembered:
        """No records."""
        return Remembered()

    def observe(self, state: Remembered, chunk: pd.DataFrame) -> Remembered:
        """Adds the chunk's records."""
        return state.add(chunk, "question", "answer")

    def merge(self, a: Remembered, b: Remembered) -> Remembered:
        """The records of both."""
        return a + b

    def conclude(self, state: Remembered) -> Sequence[Finding]:
        """One warning, with a fix that keeps the first of each."""
        lines, run, answers = state.repeats()
        order = np.lexsort((lines, answers, run))
        lines, run, answers = lines[order], run[order], answers[order]
        again = (run[1:] == run[:-1]) & (answers[1:] == answers[:-1])
        repeats = np.sort(lines[1:][again])
        if not len(repeats):
            return []
        return [
            Finding(
                "duplicate-rows",
                Severity.WARNING,
                f"{rows(len(repeats))} the same as an earlier one",
                count=len(repeats),
                lines=lowest(repeats),
                unit=state.unit,
                expected="every row once",
                fix=Fix(
                    f"drop {rows(len(repeats))}, keeping the first of each",
                    DropLines(repeats),
                    self.level,
                ),
            )
        ]
