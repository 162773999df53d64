"""Rows by fingerprint: what a fold over many rows can afford to remember of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pitchpipe.default_plugins.validators._places import unit_of
from pitchpipe.digests import Hashes, repeated

Ints = npt.NDArray[np.int64]


@dataclass
class Remembered:
    """The fingerprints of the rows seen, in no particular order.

    The arrays are those of the chunks, so that two validators that remember the same chunks
    remember them once.

    Attributes:
        parts: for each chunk its row numbers, its fingerprints, and one more number a row.
        unit: what the row numbers count; "" while nothing has been seen.
    """

    parts: list[tuple[pd.Index[Any], Hashes, npt.NDArray[Any]]] = field(default_factory=list)
    unit: str = ""

    def add(self, chunk: pd.DataFrame, keys: str, more: str) -> Remembered:
        """The same with a chunk more, given its columns of fingerprints and of further numbers."""
        self.parts.append((chunk.index, chunk[keys].to_numpy(), chunk[more].to_numpy()))
        self.unit = max(self.unit, unit_of(chunk))
        return self

    @property
    def rows(self) -> int:
        """How many rows were seen."""
        return sum(len(places) for places, _, _ in self.parts)

    def __add__(self, other: Remembered) -> Remembered:
        return Remembered(self.parts + other.parts, max(self.unit, other.unit))

    def repeats(self) -> tuple[Ints, Ints, npt.NDArray[Any]]:
        """The rows whose fingerprint comes more than once.

        Returns:
            Row numbers, rows with equal fingerprints next to each other and ascending; the number
            of each row's run of equal fingerprints, from 0 on; and the further number of each.
        """
        twice = repeated([keys for _, keys, _ in self.parts])
        if not len(twice):
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint64)
        found = []
        for places, keys, more in self.parts:
            at = np.flatnonzero(twice[np.searchsorted(twice, keys) % len(twice)] == keys)
            found.append((places[at].to_numpy(np.int64), keys[at], more[at]))
        lines, keys, more = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
        order = np.lexsort((lines, keys))
        run = np.searchsorted(twice, keys[order])
        return lines[order], run, more[order]
