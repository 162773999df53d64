"""Examples as a person reads them: rows as a small table, the rest as Python writes it."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

_MOST_CHARACTERS = 300
_MOST_ROWS = 12


def show(value: object) -> str:
    """A value in a few lines.

    Args:
        value: a table, a dataclass, a sequence of either, or anything with a representation.
    """
    if isinstance(value, pd.DataFrame):
        return _table(value)
    if isinstance(value, pd.Series):
        return _table(value.to_frame("answer"))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        named = {
            field.name: getattr(value, field.name) for field in fields if _speaks(value, field)
        }
        return "\n".join(_named(name, item) for name, item in named.items()) or repr(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        if any(isinstance(item, pd.DataFrame) for item in value):
            return "\n".join(_named(str(at), item) for at, item in enumerate(value, 1))
        if value and all(isinstance(item, Mapping) for item in value):
            return "\n".join(map(shortened, value))
    return shortened(value)


def indented(text: str) -> str:
    """A text two characters further to the right."""
    return textwrap.indent(text, "  ")


def shortened(value: object) -> str:
    """A value's representation, cut where it gets long."""
    text = repr(value)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."


def _speaks(value: object, field: dataclasses.Field[Any]) -> bool:
    """Whether a field is worth showing: it is no default."""
    made = field.default_factory
    default = field.default if made is dataclasses.MISSING else made()
    return field.repr and repr(getattr(value, field.name)) != repr(default)


def _named(name: str, value: object) -> str:
    text = show(value)
    return f"{name}:\n{indented(text)}" if "\n" in text else f"{name}: {text}"


def _table(frame: pd.DataFrame) -> str:
    if frame.empty:
        return f"no rows; columns {', '.join(map(str, frame.columns)) or 'none'}"
    head = ["" if frame.index.name is None else str(frame.index.name), *map(str, frame.columns)]
    rows = [
        [shortened(cell) for cell in row]
        for row in frame.iloc[:_MOST_ROWS].itertuples(index=True, name=None)
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (head, *rows)
    ]
    left_out = len(frame) - len(rows)
    return "\n".join([*lines, f"and {left_out} more"] if left_out else lines)
