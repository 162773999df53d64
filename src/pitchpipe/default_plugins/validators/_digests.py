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


def digest(columns: Sequence[Sequence[Any]], lanes: int = 1) -> Keys:
    """One fingerprint a row, over some columns, as an array of shape (rows, lanes).

    Equal text, equal fingerprint, on every machine; None and NaN are alike and unlike any text.

    Args:
        columns: the cells of each column.
        lanes: 64 bits each. With one, two of a million different rows are taken for equal once in
            some forty million tables; with two, never.
    """
    keys = np.zeros((len(columns[0]), lanes), dtype=np.uint64)
    for column in columns:
        texts = np.fromiter(column, dtype=object, count=len(column))
        if pd.api.types.infer_dtype(texts, skipna=False) != "string":
            texts[:] = list(map(_marked, column))
        for lane, hash_key in zip(range(lanes), _HASH_KEYS, strict=False):
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
        parts: for each chunk its row numbers; their fingerprints; and one more number a row.
        unit: what the row numbers count; "" while nothing has been seen.
    """

    parts: list[tuple[Ints, Keys, Keys]] = field(default_factory=list)
    unit: str = ""

    def add(
        self,
        chunk: pd.DataFrame,
        keys: Keys,
        more: Keys | None = None,
        where: Bools | None = None,
    ) -> Remembered:
        """The same with a chunk more, of which only some rows may count."""
        lines = chunk.index.to_numpy(np.int64)
        more = np.zeros(0, np.uint64) if more is None else more
        if where is not None:
            lines, keys, more = lines[where], keys[where], more[where]
        self.parts.append((lines, keys, more))
        self.unit = max(self.unit, unit_of(chunk))
        return self

    def __add__(self, other: Remembered) -> Remembered:
        return Remembered(self.parts + other.parts, max(self.unit, other.unit))

    def table(self) -> tuple[Ints, Ints, Keys]:
        """All rows, those with equal fingerprints next to each other, then by row number.

        Returns:
            Row numbers; the number of each row's run of equal fingerprints, from 0 on; and the
            further number of each row, where any were given.
        """
        if not self.parts:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint64)
        lines, keys, more = map(np.concatenate, zip(*self.parts, strict=True))
        order = np.lexsort((lines, *keys.T))
        keys = keys[order]
        starts = np.ones(len(keys), dtype=np.int64)
        starts[1:] = (keys[1:] != keys[:-1]).any(axis=1)
        return lines[order], np.cumsum(starts) - 1, more[order] if len(more) else more
