"""Rows by fingerprint: what a fold over many rows can afford to remember of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pitchpipe.default_plugins.validators._fields import Bools, as_text, is_empty
from pitchpipe.default_plugins.validators._places import unit_of

Keys = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

_HASH_KEYS = ("pitchpipe-first.", "pitchpipe-second")
_MIX = np.uint64(0x9E3779B97F4A7C15)


def digest(columns: Sequence[Sequence[Any]]) -> Keys:
    """One 128-bit fingerprint a row, over some columns, as an array of shape (rows, 2).

    Equal text, equal fingerprint, on every machine; None and NaN are alike and unlike any text.
    """
    keys = np.zeros((len(columns[0]), 2), dtype=np.uint64)
    for column in columns:
        void = all(cell is None for cell in column)
        texts = np.empty(1 if void else len(column), dtype=object)
        texts[:] = (
            "\0" if void else [cell if type(cell) is str else _marked(cell) for cell in column]
        )
        for lane, hash_key in enumerate(_HASH_KEYS):
            keys[:, lane] = keys[:, lane] * _MIX ^ _hashed(texts, hash_key)
    return keys


def _marked(cell: object) -> str:
    if is_empty(cell) and not isinstance(cell, str):
        return "\0"
    # a list is no equal of the text that spells it, a number is: it is written so in the record
    return "\0" * isinstance(cell, list | dict) + as_text(cell)


def _hashed(texts: npt.NDArray[np.object_], hash_key: str) -> Keys:
    try:
        return pd.util.hash_array(texts, hash_key=hash_key, categorize=False)
    except UnicodeEncodeError:
        raw = np.empty(len(texts), dtype=object)
        raw[:] = [text.encode("utf-8", "surrogatepass") for text in texts]
        return pd.util.hash_array(raw, hash_key=hash_key, categorize=False)


@dataclass
class Remembered:
    """The fingerprints of the rows seen, in no particular order.

    Attributes:
        parts: for each chunk its row numbers and one array of fingerprints a question asked.
        unit: what the row numbers count; "" while nothing has been seen.
    """

    parts: list[tuple[Ints, tuple[Keys, ...]]] = field(default_factory=list)
    unit: str = ""

    def add(self, chunk: pd.DataFrame, *keys: Keys, where: Bools | None = None) -> Remembered:
        """The same with a chunk more, of which only some rows may count."""
        lines = chunk.index.to_numpy(np.int64)
        if where is not None:
            lines, keys = lines[where], tuple(key[where] for key in keys)
        self.parts.append((lines, keys))
        self.unit = max(self.unit, unit_of(chunk))
        return self

    def __add__(self, other: Remembered) -> Remembered:
        return Remembered(self.parts + other.parts, max(self.unit, other.unit))

    def table(self) -> tuple[Ints, Ints, Keys]:
        """All rows, those with equal first fingerprints next to each other, then by row number.

        Returns:
            Row numbers; the number of each row's run of equal first fingerprints, from 0 on; and
            the fingerprints after the first, as one array of shape (rows, n).
        """
        if not self.parts:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 0), np.uint64)
        lines = np.concatenate([lines for lines, _ in self.parts])
        keys = np.concatenate([np.hstack(keys) for _, keys in self.parts])
        order = np.lexsort((lines, keys[:, 1], keys[:, 0]))
        keys = keys[order]
        starts = np.ones(len(keys), dtype=np.int64)
        starts[1:] = (keys[1:, :2] != keys[:-1, :2]).any(axis=1)
        return lines[order], np.cumsum(starts) - 1, keys[:, 2:]
