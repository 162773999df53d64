"""Values of other libraries as Python's own."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np
import pandas as pd

from pitchpipe.errors import DataError
from pitchpipe.tables.base import Block


def plain(value: object) -> object:
    """A value as JSON knows it, all the way down; None for what pandas calls missing.

    Dates and times become ISO 8601 text, decimal numbers their digits, arrays lists. What JSON has
    no counterpart for stays as it is.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return None if value != value else float(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.datetime64):
        return plain(pd.Timestamp(value))
    if isinstance(value, np.timedelta64):
        return pd.Timedelta(value)  # numpy's own would give a bare number
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def plain_block(
    source: str, unit: str, locators: Sequence[int], columns: Mapping[str, Iterable[object]]
) -> Block:
    """A block of values as JSON knows them.

    Args:
        source: the file's or table's name, for messages.
        unit: what locators count.
        locators: where each record starts.
        columns: the values of each column, one a record.

    Raises:
        DataError: a text cannot be written as UTF-8.
    """
    cells = {
        name: [value if type(value) is str else plain(value) for value in values]
        for name, values in columns.items()
    }
    for name, values in cells.items():
        for locator, value in zip(locators, values, strict=True):
            if not writable(value):
                raise lone_surrogate(f"{source}: {unit} {locator}", name)
    return Block(locators, cells)


def writable(value: object) -> bool:
    """Whether all text in a value can be written as UTF-8: half a surrogate pair cannot."""
    if isinstance(value, str):
        if value.isascii():
            return True
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
        return True
    if isinstance(value, Mapping):
        return all(writable(key) and writable(item) for key, item in value.items())
    return not isinstance(value, list) or all(map(writable, value))


def lone_surrogate(where: str, column: str) -> DataError:
    """The error for a text that UTF-8 cannot hold.

    Args:
        where: file and place ("rows.jsonl: line 3").
        column: the column whose value, or name, it is.
    """
    return DataError(
        f"{where}, column {column!r}: holds half of a surrogate pair, which UTF-8 cannot. "
        "Expected whole characters; replace it where the data was made, by U+FFFD if need be."
    )
