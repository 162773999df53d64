"""Cells as text, and the errors for those that have none."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Sequence
from typing import cast

import numpy as np
import pandas as pd

from pitchpipe.errors import DataError


def texts(chunk: pd.DataFrame, column: str) -> list[str]:
    """A column as text.

    Numbers and booleans are written as JSON writes them: ``3``, ``0.5``, ``true``.

    Raises:
        DataError: the column is missing, or a cell is empty or has no text; names the place.
    """
    cells = column_cells(chunk, column)
    if set(map(type, cells)) <= {str}:
        return cast(list[str], cells)
    return [text_of(cell, chunk, row, column) for cell, row in zip(cells, chunk.index, strict=True)]


def text_of(cell: object, chunk: pd.DataFrame, row: Hashable, column: str) -> str:
    """One cell as text, as ``texts`` writes it.

    Raises:
        DataError: it is empty or has no text; names the place.
    """
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, str):
        return cell
    if is_missing(cell):
        raise bad_cell(chunk, row, column, "the cell is empty; drop the row or fill it.")
    if isinstance(cell, bool | int) or (isinstance(cell, float) and math.isfinite(cell)):
        return json.dumps(cell)
    raise bad_cell(
        chunk,
        row,
        column,
        f"expected text, a number or a boolean; found a {type(cell).__name__}: {shortened(cell)}.",
    )


def column_cells(chunk: pd.DataFrame, column: str) -> list[object]:
    """A column's cells.

    Raises:
        DataError: the column is missing.
    """
    if column not in chunk.columns:
        found = ", ".join(map(repr, chunk.columns)) or "none"
        raise DataError(f"column {column!r} is missing; found {found}.")
    cells: list[object] = chunk[column].tolist()
    return cells


def bad_cell(chunk: pd.DataFrame, row: Hashable, column: str, message: str) -> DataError:
    """The error for one cell, with its place as the user counts it."""
    place = "line" if chunk.index.name is None else chunk.index.name
    return DataError(f"{place} {row}, column {column!r}: {message}")


def is_missing(cell: object) -> bool:
    """Whether a cell holds nothing."""
    return cell is None or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell))


def shortened(value: object, limit: int = 60) -> str:
    """A value's representation, cut to ``limit`` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def utf8_length(text: str) -> int:
    """Bytes in UTF-8; a lone surrogate counts as three."""
    return len(text.encode("utf-8", "surrogatepass"))


def check_stops(stop: Sequence[str]) -> None:
    """Holds stop strings to the API's limit of four.

    Raises:
        ValueError: there are more, or one is empty.
    """
    if len(stop) > 4:
        raise ValueError(f"the API takes at most 4 stop strings (a suffix is one); found {stop!r}.")
    if "" in stop:
        raise ValueError("a stop string cannot be empty.")
