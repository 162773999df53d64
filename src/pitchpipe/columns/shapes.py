"""What the values of a column look like, where its name says nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

_LOOKED_AT = 1000
_SHAPES: Mapping[str, re.Pattern[str]] = {
    "dates or times": re.compile(
        r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?([T ].*)?|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}( .*)?"
        r"|\d{1,2}:\d{2}(:\d{2})?.*"
    ),
    "hashes or ids": re.compile(
        r"[0-9a-fA-F]{16,}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    ),
    "addresses": re.compile(r"[a-zA-Z][a-zA-Z+]*://\S+|www\.\S+|[^\s@]+@[^\s@]+\.[a-z]+"),
    "names of files": re.compile(r"\S*[^\s.]\.[a-zA-Z][a-zA-Z0-9]{1,4}"),
}
_FRACTION = re.compile(r"[-+]?\d*[.,]\d+([eE][-+]?\d+)?")
_WHOLE = re.compile(r"[-+]?\d+")


def filled(cells: Sequence[object]) -> list[object]:
    """The cells that hold something."""
    return [
        cell
        for cell in cells
        if cell is not None and cell != "" and not (isinstance(cell, float) and math.isnan(cell))
    ]


def distinct(cells: Sequence[object]) -> int:
    """How many different texts, numbers and booleans there are."""
    return len({cell for cell in cells if isinstance(cell, str | bool | int | float)})


def is_few(cells: Sequence[object]) -> bool:
    """Whether the values repeat as labels do: two or more, and fewer than a third of the rows."""
    return 1 < distinct(filled(cells)) < max(len(cells) / 3, 3)


def oddity(cells: Sequence[object]) -> str:
    """What the values are, where they can be no answer: dates, ids, scores; else nothing."""
    values = filled(cells)[:_LOOKED_AT]
    if not values:
        return "nothing"
    if any(isinstance(value, list | dict) for value in values):
        return "lists or objects"
    texts = [str(value).strip() for value in values]
    for what, pattern in _SHAPES.items():
        if all(map(pattern.fullmatch, texts)):
            return what
    numbers = [text for text in texts if _WHOLE.fullmatch(text) or _FRACTION.fullmatch(text)]
    if len(numbers) == len(texts):
        if any(not _is_whole(text) for text in texts):
            return "numbers with fractions"
        if len(texts) > 2 and len(set(texts)) == len(texts):
            return "numbers that are all different"
    return ""


def _is_whole(number: str) -> bool:
    return float(number.replace(",", ".")).is_integer()
