"""Rules about what stands in a text, whose fix writes the text without it."""

from __future__ import annotations

import ast
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._fields import cells
from pitchpipe.default_plugins.validators._flagging import (
    TEXTS,
    Flagged,
    Flagging,
    finding,
    flag_cells,
)
from pitchpipe.default_plugins.validators._places import WIDTH, Places, rows
from pitchpipe.nested import strings_of, with_strings
from pitchpipe.records import Finding, Fix, FixLevel

_MARGIN = 15


class Rewriting(Flagging):
    """A rule that looks for something in all text, nested or not, and knows the text without it."""

    fixes: ClassVar[bool] = True

    rule: ClassVar[str]
    what: ClassVar[str]
    expected: ClassVar[str]
    remedy: ClassVar[str]
    level: FixLevel

    @staticmethod
    @abstractmethod
    def suspects(chunk: pd.DataFrame, column: str) -> bool:
        """Whether the column may hold it: a quick look at all of the column at once."""

    @staticmethod
    @abstractmethod
    def excerpt(text: str) -> str | None:
        """The first of it with a little around it, as findings may show it; None if not there."""

    @staticmethod
    @abstractmethod
    def without(text: str) -> str:
        """The text without it."""

    def _flagged(self, chunk: pd.DataFrame) -> Flagged | None:
        columns = [column for column in self._columns(chunk) if self.suspects(chunk, column)]
        return flag_cells(chunk, columns, self._fault) if columns else None

    def _fault(self, cell: Any) -> object:
        return next(filter(None, map(self.excerpt, strings_of(cell))), None)

    def _finding(self, places: Places) -> Finding:
        return finding(
            places,
            self.rule,
            self.severity,
            f"{rows(places.count)} with {self.what}",
            self.expected,
            after=repr(self._after(ast.literal_eval(places.example))),
            fix=Fix(
                f"{self.remedy} {rows(places.count)}",
                Rewrite(TEXTS[self._contract.format], type(self)),
                self.level,
            ),
        )

    def _after(self, excerpt: str) -> str:
        return self.without(excerpt)


@dataclass(frozen=True)
class Rewrite:
    """Writes the text of some columns without what a rule looks for."""

    columns: tuple[str, ...]
    rule: type[Rewriting]

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk so written; the same chunk when there is nothing to change."""
        changed = {
            column: pd.Series(
                [with_strings(cell, self.rule.without) for cell in cells(chunk, column)],
                index=chunk.index,
                dtype=object,
            )
            for column in self.columns
            if column in chunk.columns and self.rule.suspects(chunk, column)
        }
        return chunk.assign(**changed) if changed else chunk


def around(text: str, start: int, end: int) -> str:
    """A place in a text with as much around it as findings show whole."""
    pieces = (text[max(0, start - by) : end + by] for by in range(_MARGIN, 0, -1))
    return next((piece for piece in pieces if len(repr(piece)) <= WIDTH), text[start:end])
