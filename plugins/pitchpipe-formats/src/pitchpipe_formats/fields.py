"""Reading the fields of one record, and telling which row and column is at fault."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pandas as pd

from pitchpipe.errors import DataError
from pitchpipe.redaction import hide_keys
from pitchpipe.tables import frame_to_records

Record = Mapping[str, Any]
"""One row as JSON types, without the keys whose value is missing."""

Message = dict[str, Any]

T = TypeVar("T")

_SHOWN = 60


class UnfitError(Exception):
    """A record that cannot be read, or cannot be written in a format.

    Args:
        column: the field at fault.
        problem: what was expected, and what was found.
    """

    def __init__(self, column: str, problem: str) -> None:
        super().__init__(column, problem)
        self.column = column
        self.problem = problem


def each(chunk: pd.DataFrame, make: Callable[[Record], T]) -> list[T]:
    """What is made of each row of a chunk.

    Raises:
        DataError: a row is unfit; names its line and column.
    """
    made = []
    unit = "line" if chunk.index.name is None else chunk.index.name
    for place, record in zip(chunk.index, frame_to_records(chunk), strict=True):
        try:
            made.append(make(record))
        except UnfitError as error:
            raise DataError(f"{unit} {place}, column {error.column!r}: {error.problem}") from None
    return made


def text(record: Record, column: str) -> str:
    """A field as text; numbers and booleans as JSON writes them.

    Raises:
        UnfitError: it is missing, or anything else.
    """
    value = record.get(column)
    if isinstance(value, str):
        return value
    if value is None:
        raise UnfitError(column, "the cell is empty; drop the row or fill it.")
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return json.dumps(value)
    raise UnfitError(column, f"expected text; found {shown(value)}.")


def messages(value: object, column: str) -> list[Message]:
    """A list of at least one message, each an object with a role.

    Raises:
        UnfitError: it is none.
    """
    if (
        isinstance(value, list)
        and value
        and all(isinstance(m, Mapping) and isinstance(m.get("role"), str) for m in value)
    ):
        return [dict(message) for message in value]
    raise UnfitError(
        column, f"expected a list of messages, each an object with a role; found {shown(value)}."
    )


def said(role: str, content: str) -> Message:
    """A message of plain text."""
    return {"role": role, "content": content}


def shown(value: object) -> str:
    """A value for a message: without keys, and short."""
    words = hide_keys(repr(value))
    return words if len(words) <= _SHOWN else words[: _SHOWN - 3] + "..."
