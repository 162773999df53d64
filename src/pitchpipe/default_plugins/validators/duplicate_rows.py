"""Whether a row comes more than once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._digests import Ints, Remembered, digest
from pitchpipe.default_plugins.validators._fields import (
    INPUT,
    MESSAGES,
    OUTPUTS,
    TOOLS,
    Bools,
    FormatAware,
    cells,
)
from pitchpipe.default_plugins.validators._places import lowest, rows
from pitchpipe.records import COMPLETION, PROMPT, Finding, Fix, Format, Severity
from pitchpipe.stages import Scope

_COMPARED: Mapping[Format, tuple[str, ...]] = {
    "completion": (PROMPT, COMPLETION),
    "chat": (MESSAGES, *TOOLS, PROMPT, COMPLETION),
    "preference": (INPUT, PROMPT, *OUTPUTS),
}


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
class DuplicateRows(FormatAware[Remembered]):
    """Finds rows that repeat an earlier one in all that goes into their record.

    It remembers 24 bytes a row: a fingerprint of 128 bits, and the row's number.
    """

    scope: ClassVar[Scope] = "source"

    def start(self) -> Remembered:
        """No rows."""
        return Remembered()

    def observe(self, state: Remembered, chunk: pd.DataFrame) -> Remembered:
        """Adds the chunk's rows."""
        columns = _COMPARED[self._contract.format]
        return state.add(chunk, digest([cells(chunk, column) for column in columns], 2))

    def merge(self, a: Remembered, b: Remembered) -> Remembered:
        """The rows of both."""
        return a + b

    def conclude(self, state: Remembered) -> Sequence[Finding]:
        """One warning, with a fix that keeps the first of each."""
        lines, run, _ = state.table()
        repeats = np.sort(lines[1:][run[1:] == run[:-1]])
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
                    f"drop {rows(len(repeats))}, keeping the first of each", DropLines(repeats)
                ),
            )
        ]
