"""Rules that look at each row by itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._fields import (
    INPUT,
    MESSAGES,
    OUTPUTS,
    Bools,
    FormatAware,
    cells,
)
from pitchpipe.default_plugins.validators._places import Places
from pitchpipe.records import COMPLETION, PROMPT, Finding, Format, Severity

TEXTS: Mapping[Format, tuple[str, ...]] = {
    "completion": (PROMPT, COMPLETION),
    "chat": (MESSAGES, PROMPT, COMPLETION),
    "preference": (INPUT, PROMPT, *OUTPUTS),
}
"""The columns that hold words, in any of the shapes that rows of a format have."""

Flagged = tuple[Bools, Sequence[object]]
"""Which rows of a chunk are at fault, and an example of each row's fault."""


class Flagging(FormatAware[Places]):
    """A rule that says of each row whether it is at fault, and of all that are the same thing."""

    def start(self) -> Places:
        """No rows."""
        return Places()

    def observe(self, state: Places, chunk: pd.DataFrame) -> Places:
        """Adds the chunk's rows."""
        flagged = self._flagged(chunk)
        return state if flagged is None else state + Places.at(chunk, *flagged)

    def merge(self, a: Places, b: Places) -> Places:
        """The rows of both."""
        return a + b

    def conclude(self, state: Places) -> Sequence[Finding]:
        """One finding for all of them."""
        return [self._finding(state)] if state.count else []

    @abstractmethod
    def _flagged(self, chunk: pd.DataFrame) -> Flagged | None:
        """The rows at fault; None when there are certainly none."""

    @abstractmethod
    def _finding(self, places: Places) -> Finding:
        """What there is to say of them."""

    def _columns(self, chunk: pd.DataFrame) -> list[str]:
        """The columns of the chunk that hold words."""
        return [column for column in TEXTS[self._contract.format] if column in chunk.columns]


def flag_cells(
    chunk: pd.DataFrame, columns: Sequence[str], fault: Callable[[Any], object]
) -> Flagged:
    """The rows with a fault in some columns.

    Args:
        chunk: the rows.
        columns: where to look.
        fault: gives what is at fault in a cell, or None.
    """
    hits = np.zeros(len(chunk), dtype=np.bool_)
    examples: list[object] = [""] * len(chunk)
    for column in columns:
        for at, cell in enumerate(cells(chunk, column)):
            if not hits[at] and (found := fault(cell)) is not None:
                hits[at] = True
                examples[at] = found
    return hits, examples


def finding(
    places: Places,
    rule: str,
    severity: Severity,
    message: str,
    expected: str,
    **more: Any,
) -> Finding:
    """A finding at some places, the first of which gives the example."""
    return Finding(
        rule,
        severity,
        message,
        count=places.count,
        lines=places.lines,
        unit=places.unit,
        expected=expected,
        before=places.example,
        **more,
    )
