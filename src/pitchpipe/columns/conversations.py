"""Which column holds conversations, and whose format they are in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pitchpipe.columns.exports.answers import loaded
from pitchpipe.columns.names import words_of
from pitchpipe.columns.shapes import filled
from pitchpipe.errors import DataError

MESSAGES = "messages"
_SHAREGPT = "conversations"
_NAMES = (MESSAGES, _SHAREGPT, "conversation", "dialogue", "dialog", "chat", "turns")


def conversation_column(table: str, sample: pd.DataFrame) -> str | None:
    """The column of messages with roles; None where there is none.

    A column called ``messages`` that holds plain text is none.

    Raises:
        DataError: conversations are in another format; says which, and what reads it.
    """
    by_name = {" ".join(words_of(str(name))): str(name) for name in reversed(sample.columns)}
    if MESSAGES in sample.columns:
        by_name[MESSAGES] = MESSAGES
    for name in _NAMES:
        column = by_name.get(name)
        if column is None:
            continue
        cells = [loaded(cell) for cell in filled(sample[column].tolist())]
        if name == MESSAGES and all(isinstance(cell, list | dict) for cell in cells):
            return column
        if any(map(_is_sharegpt, cells)):
            raise _sharegpt(table, column)
        if cells and all(map(_has_roles, cells)):
            return column
    return None


def _turns(cell: object) -> list[Mapping[str, Any]]:
    return [turn for turn in cell if isinstance(turn, Mapping)] if isinstance(cell, list) else []


def _has_roles(cell: object) -> bool:
    return any("role" in turn for turn in _turns(cell))


def _is_sharegpt(cell: object) -> bool:
    return any({"from", "value"} <= turn.keys() for turn in _turns(cell))


def _sharegpt(table: str, column: str) -> DataError:
    rename = "" if column == _SHAREGPT else f"rename the column to {_SHAREGPT!r} and "
    return DataError(
        f"{table}: column {column!r} holds ShareGPT conversations (turns with 'from' and 'value'). "
        f"Expected messages with 'role' and 'content'; {rename}pass --format sharegpt, which reads "
        "them (pip install pitchpipe-formats)."
    )
