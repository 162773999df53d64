"""What the texts of a column have in common, and what may be put before or behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from pitchpipe.affixes import common_prefix, common_suffix
from pitchpipe.default_plugins.validators._fields import cells
from pitchpipe.default_plugins.validators._places import unit_of
from pitchpipe.default_plugins.validators._text import END, text_of

LONG = 5
"""Common beginnings shorter than this are never taken away."""


@dataclass(frozen=True)
class Common:
    """What some texts have in common.

    Attributes:
        rows: how many there are.
        prefix: what all begin with.
        suffix: what all end with.
        same: whether all are one and the same, and every row has one.
        shortest: the length of the shortest, white space at its end not counted; known where the
            prefix has ``LONG`` characters or more.
        first: the text of the lowest row, with the row's number.
        unit: what the number counts.
    """

    rows: int = 0
    prefix: str = ""
    suffix: str = ""
    same: bool = True
    shortest: int = 0
    first: tuple[int, str] = (0, "")
    unit: str = ""

    @classmethod
    def of(cls, chunk: pd.DataFrame, column: str) -> Common:
        """Those of the texts in a chunk's column, worked out once for all who ask."""
        return text_of(chunk).once("common", column, lambda: cls._of(chunk, column))

    @classmethod
    def _of(cls, chunk: pd.DataFrame, column: str) -> Common:
        texts = texts_of(chunk, column)
        if not texts:
            return cls(same=not len(chunk))
        prefix, suffix = common_prefix(texts), common_suffix(texts)
        return cls(
            rows=len(texts),
            prefix=prefix,
            suffix=suffix,
            same=prefix == texts[0] == suffix and texts.count(prefix) == len(chunk),
            shortest=min(map(len, map(str.rstrip, texts))) if len(prefix) >= LONG else 0,
            first=(_first_line(chunk, column), texts[0]),
            unit=unit_of(chunk),
        )

    def __add__(self, other: Common) -> Common:
        if not self.rows or not other.rows:
            known = self if self.rows else other
            return replace(known, same=self.same and other.same)
        return Common(
            self.rows + other.rows,
            common_prefix((self.prefix, other.prefix)),
            common_suffix((self.suffix, other.suffix)),
            self.same and other.same and self.prefix == other.prefix,
            min(self.shortest, other.shortest),
            min(self.first, other.first),
            max(self.unit, other.unit),
        )

    @property
    def hollow(self) -> bool:
        """Whether every row has a text, and none holds anything."""
        return self.same and not self.prefix

    def leaves_nothing(self, ending: str) -> bool:
        """Whether a text has nothing but white space between the prefix and such an ending."""
        return self.shortest <= len(self.prefix) + len(ending.rstrip())


def texts_of(chunk: pd.DataFrame, column: str) -> Sequence[str]:
    """The cells of a column that are text."""

    def make() -> Sequence[str]:
        known = cells(chunk, column)
        if set(map(type, known)) <= {str}:
            return known
        return [cell for cell in known if isinstance(cell, str)]

    return text_of(chunk).once("texts", column, make)


def joined(chunk: pd.DataFrame, column: str) -> str:
    """The texts of a column, with ``END`` in between."""
    return text_of(chunk).once("joined texts", column, lambda: END.join(texts_of(chunk, column)))


def _first_line(chunk: pd.DataFrame, column: str) -> int:
    pairs = zip(chunk.index, cells(chunk, column), strict=True)
    return next(int(line) for line, cell in pairs if isinstance(cell, str))


@dataclass(frozen=True)
class Append:
    """Puts something behind every text of a column."""

    column: str
    text: str

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk with it."""
        return with_texts(chunk, self.column, lambda texts: [text + self.text for text in texts])


@dataclass(frozen=True)
class RemovePrefix:
    """Takes away what all texts of a column begin with, in whatever case it is by now.

    Attributes:
        column: the column.
        prefix: what goes.
        keep: what is left in its place.
    """

    column: str
    prefix: str
    keep: str = ""

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk without it."""
        return with_texts(chunk, self.column, lambda texts: list(map(self._without, texts)))

    def _without(self, text: str) -> str:
        if text.startswith(self.prefix):
            return self.keep + text[len(self.prefix) :]
        # the length of lower case does not depend on what follows, though its letters may
        length = len(self.prefix.lower())
        if text[:length].casefold() == self.prefix.casefold():
            return self.keep + text[length:]
        return text


def with_texts(
    chunk: pd.DataFrame, column: str, change: Callable[[Sequence[str]], list[str]]
) -> pd.DataFrame:
    """A chunk with the texts of a column changed, and its other cells as they are."""
    if column not in chunk.columns:
        return chunk
    known, texts = cells(chunk, column), texts_of(chunk, column)
    changed: list[Any] = change(texts)
    if len(texts) < len(known):
        rest = iter(changed)
        changed = [next(rest) if isinstance(cell, str) else cell for cell in known]
    return chunk.assign(**{column: pd.Series(changed, chunk.index, dtype=object)})
