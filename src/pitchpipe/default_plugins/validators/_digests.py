"""Rows by fingerprint: what a fold over many rows can afford to remember of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pitchpipe.default_plugins.validators._places import unit_of
from pitchpipe.digests import Hashes

Ints = npt.NDArray[np.int64]

_SHARES = 16
"""In how many shares fingerprints are sorted, so that only one at a time needs room."""

_TOP = np.uint64(60)


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

    def repeats(self) -> Iterator[tuple[Ints, Ints, npt.NDArray[Any]]]:
        """The rows whose fingerprint comes more than once, some of them at a time.

        Gives:
            Row numbers, rows with equal fingerprints next to each other and ascending; the number
            of each row's run of equal fingerprints, from 0 on; and the further number of each.
        """
        for share in range(_SHARES):
            found = [self._share(part, share) for part in self.parts]
            if not found:
                return
            lines, keys, more = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
            order = np.lexsort((lines, keys))
            keys = keys[order]
            starts = np.ones(len(keys), dtype=bool)
            starts[1:] = keys[1:] != keys[:-1]
            alone = starts & np.append(starts[1:], True)
            order, starts = order[~alone], starts[~alone]
            if len(order):
                yield lines[order], np.cumsum(starts) - 1, more[order]

    def _share(
        self, part: tuple[pd.Index[Any], Hashes, npt.NDArray[Any]], share: int
    ) -> tuple[Ints, Hashes, npt.NDArray[Any]]:
        places, keys, more = part
        at = np.flatnonzero(keys >> _TOP == share)
        return places[at].to_numpy(np.int64), keys[at], more[at]
