"""Whether text holds characters that nobody sees."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._fields import cells
from pitchpipe.default_plugins.validators._flagging import (
    Flagged,
    Flagging,
    finding,
    flag_cells,
    strings_of,
    with_strings,
)
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.default_plugins.validators._text import END, text_of
from pitchpipe.records import Finding, Fix, FixLevel, Severity
from pitchpipe.stages import Scope

_ASCII = bytes([*range(1, 9), 11, 12, *range(14, 32), 127])
_OTHER = "\u0080-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb"
_WIDE = re.compile(f"[{_OTHER}]")
_ANY = re.compile(f"[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f{_OTHER}]")


@dataclass(frozen=True)
class DropControls:
    """Takes such characters out of some columns."""

    columns: tuple[str, ...]

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk without them."""
        changed = chunk.copy(deep=False)
        for column in self.columns:
            if column in chunk.columns:
                plain = [with_strings(cell, _without) for cell in cells(chunk, column)]
                changed[column] = pd.Series(plain, index=chunk.index, dtype=object)
        return changed


@dataclass(frozen=True)
class ControlCharacters(Flagging):
    """Finds control characters and other invisible ones, which are trained on all the same.

    They are the control codes of ASCII and Latin-1 but for tab and line ends, and the characters of
    Unicode that have no width or turn the direction of writing. Joiners, which some scripts and
    emoji need, are left alone.

    Attributes:
        level: whether they are taken out on request, or only when this rule is named.
    """

    scope: ClassVar[Scope] = "source"
    fixes: ClassVar[bool] = True

    level: FixLevel = "recommended"

    def _flagged(self, chunk: pd.DataFrame) -> Flagged | None:
        columns = [column for column in self._columns(chunk) if _suspicious(chunk, column)]
        return flag_cells(chunk, columns, _fault) if columns else None

    def _finding(self, places: Places) -> Finding:
        return finding(
            places,
            "control-characters",
            Severity.WARNING,
            f"{rows(places.count)} with characters that nobody sees",
            "text that reads as it looks",
            fix=Fix(
                f"take them out of {rows(places.count)}",
                DropControls(_COLUMNS),
                self.level,
            ),
        )


_COLUMNS = (
    "prompt",
    "completion",
    "messages",
    "input",
    "preferred_output",
    "non_preferred_output",
)


def _suspicious(chunk: pd.DataFrame, column: str) -> bool:
    text = text_of(chunk)
    encoded = text.encoded(column)
    if len(encoded.translate(None, _ASCII)) < len(encoded):
        return True
    joined = text.joined(column)
    # the text is joined by a control character of its own, one fewer than there are cells
    if joined.count(END) >= len(chunk):
        return True
    return not joined.isascii() and _WIDE.search(joined) is not None


def _fault(cell: Any) -> object:
    for text in strings_of(cell):
        found = _ANY.search(text)
        if found:
            start = max(0, found.start() - 15)
            return text[start : found.end() + 15]
    return None


def _without(text: str) -> str:
    return _ANY.sub("", text)
