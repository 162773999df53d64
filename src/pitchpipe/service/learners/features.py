"""Texts as sets of hashed uni- and bigrams."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Self
from zlib import crc32

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

ALWAYS = 0
"""The feature that every text has."""

_WORD = re.compile(r"\w+|[^\w\s]+")
_PAIR = 0x5BD1E995  # sets the hash of "ab" apart from that of "a" followed by "b"
_ENOUGH = 10  # records; with fewer, a word that all share may still mean something


def words(text: str) -> list[bytes]:
    """The words and runs of punctuation of a text, in lower case, as UTF-8."""
    return " ".join(_WORD.findall(text.lower())).encode("utf-8", "surrogatepass").split(b" ")


def boilerplate(texts: Iterable[str]) -> frozenset[bytes]:
    """The words of every text: separators, instructions, whatever tells nothing apart."""
    count = 0
    common: set[bytes] | None = None
    for text in texts:
        count += 1
        common = set(words(text)) if common is None else common.intersection(words(text))
    return frozenset(common) if common and count >= _ENOUGH else frozenset()


def features(text: str, ignored: frozenset[bytes]) -> list[int]:
    """The distinct features of a text, ascending: ALWAYS, and crc32 of its words and word pairs.

    Args:
        text: any text.
        ignored: words to leave out, as if the text did not have them.
    """
    kept = [word for word in words(text) if word and word not in ignored]
    singles = [crc32(word) for word in kept]
    pairs = map(crc32, kept[1:], (single ^ _PAIR for single in singles))
    return sorted({ALWAYS, *singles, *pairs})


@dataclass(frozen=True)
class Rows:
    """Many sets of features, end to end.

    Attributes:
        columns: the features, or their places in a table, row after row.
        starts: where each row begins in ``columns``, and where the last ends; length rows + 1.
    """

    columns: Ints
    starts: Ints

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Self:
        """Rows from lists."""
        columns = np.fromiter(chain.from_iterable(rows), np.int64)
        return cls(columns, np.cumsum([0, *map(len, rows)], dtype=np.int64))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def lengths(self) -> Ints:
        """The number of features of each row."""
        return np.diff(self.starts)

    @property
    def owners(self) -> Ints:
        """The row of each entry of ``columns``."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def positions(self, order: Ints) -> Ints:
        """Where the entries of the given rows are in ``columns``, in the given order."""
        lengths = self.lengths[order]
        ends = np.cumsum(lengths)
        shift = np.repeat(self.starts[:-1][order] - ends + lengths, lengths)
        return np.arange(len(shift)) + shift

    def take(self, order: Ints) -> Rows:
        """The given rows, in the given order."""
        starts = np.concatenate(([0], np.cumsum(self.lengths[order])))
        return Rows(self.columns[self.positions(order)], starts)
