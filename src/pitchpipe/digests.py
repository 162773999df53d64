"""Fingerprints of values: equal content, equal fingerprint, on every machine."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

Hashes: TypeAlias = npt.NDArray[np.uint64]

_KEY = "pitchpipe-first."
_SHARES = 4
_SOME = 1 << 16
_TOP = np.uint64(62)
_NONE: Hashes = np.empty(0, np.uint64)
_MIX = np.uint64(0x9E3779B97F4A7C15)


def digest(columns: Sequence[Sequence[Any]]) -> Hashes:
    """One unsigned 64-bit number a row, over some columns.

    None and NaN are alike and unlike any text; of a million different rows, two are taken for equal
    once in some forty million tables.

    Args:
        columns: the cells of each column, in any JSON types.
    """
    keys = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        texts = np.fromiter(column, dtype=object, count=len(column))
        if set(map(type, column)) != {str}:
            texts[:] = list(map(_marked, column))
        keys = keys * _MIX ^ _hashed(texts)
    return keys


def repeated(parts: Sequence[Hashes]) -> Hashes:
    """The values that come more than once, each once, ascending.

    A quarter of them is sorted at a time, so that it needs little memory besides theirs.
    """
    slices = [part[at : at + _SOME] for part in parts for at in range(0, len(part), _SOME)]
    found = []
    for share in range(_SHARES):
        values = np.concatenate([_NONE, *(some[some >> _TOP == share] for some in slices)])
        values.sort()
        found.append(np.unique(values[1:][values[1:] == values[:-1]]))
    return np.concatenate(found)


def _marked(cell: object) -> str:
    if type(cell) is str:
        return cell
    if cell is None or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell)):
        return "\0"
    # a list is no equal of the text that spells it, a number is: it is written so in the record
    mark = "\0" if isinstance(cell, list | dict) else ""
    try:
        return mark + orjson.dumps(cell, _plain, orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # half a surrogate pair, or a number beyond 64 bits
        return mark + json.dumps(cell, sort_keys=True, default=_plain)


def _hashed(texts: npt.NDArray[np.object_]) -> Hashes:
    try:
        return pd.util.hash_array(texts, hash_key=_KEY, categorize=False)
    except UnicodeEncodeError:
        raw = np.empty(len(texts), dtype=object)
        raw[:] = [text.encode("utf-8", "surrogatepass") for text in texts]
        return pd.util.hash_array(raw, hash_key=_KEY, categorize=False)


def _plain(value: object) -> object:
    item = getattr(value, "item", None)
    return item() if callable(item) else str(value)
