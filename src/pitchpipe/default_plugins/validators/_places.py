"""How many rows a finding concerns, and the first few of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pitchpipe.nested import with_strings
from pitchpipe.redaction import hide_keys

SHOWN = 5
"""How many places a finding names."""

WIDTH = 60
"""How many characters of a value a finding shows."""

_LONGEST_KEY = 300


@dataclass(frozen=True)
class Places:
    """A count of rows with the lowest of their numbers.

    Attributes:
        count: how many.
        first: the lowest numbers, each with an example, ascending.
        unit: what the numbers count; "" while nothing has been seen.
    """

    count: int = 0
    first: tuple[tuple[int, str], ...] = ()
    unit: str = ""

    @classmethod
    def at(
        cls, chunk: pd.DataFrame, hits: npt.NDArray[np.bool_], examples: Sequence[object] = ()
    ) -> Places:
        """The rows of a chunk that are hit, each with its own of the examples, shortened."""
        found = np.flatnonzero(hits)
        first = tuple(
            (int(chunk.index[at]), shortened(examples[at]) if examples else "")
            for at in found[:SHOWN]
        )
        return cls(len(found), first, unit_of(chunk))

    def __add__(self, other: Places) -> Places:
        first = tuple(sorted(self.first + other.first)[:SHOWN])
        return Places(self.count + other.count, first, max(self.unit, other.unit))

    @property
    def lines(self) -> tuple[int, ...]:
        """The numbers, ascending."""
        return tuple(line for line, _ in self.first)

    @property
    def example(self) -> str:
        """The example of the lowest number."""
        return self.first[0][1] if self.first else ""


def unit_of(chunk: pd.DataFrame) -> str:
    """What a chunk's row numbers count."""
    return "line" if chunk.index.name is None else str(chunk.index.name)


def lowest(lines: Iterable[int]) -> tuple[int, ...]:
    """The first few numbers, ascending."""
    return tuple(sorted(lines)[:SHOWN])


def shortened(value: object, limit: int = WIDTH) -> str:
    """A value's representation, without keys, cut to ``limit`` characters."""
    if isinstance(value, str):
        value = value[: limit + _LONGEST_KEY]
    value = with_strings(value, hide_keys)
    text = repr(value[: limit + 1] if isinstance(value, str) else value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def rows(count: int) -> str:
    """A number of rows in words."""
    return "1 row" if count == 1 else f"{count} rows"
