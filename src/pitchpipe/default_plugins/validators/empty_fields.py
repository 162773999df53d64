"""Whether every field that a record is made from has something in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._fields import (
    ALTERNATIVES,
    Bools,
    FormatAware,
    chosen,
    hollow,
)
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.default_plugins.validators._text import text_of
from pitchpipe.records import PROMPT, Finding, Fix, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class DropEmpty:
    """Drops the rows in which one of the columns is empty.

    Attributes:
        columns: which columns.
        blanks: whether white space alone is empty.
    """

    columns: tuple[str, ...]
    blanks: bool = True

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk without them; the same chunk when there are none."""
        hits = np.zeros(len(chunk), dtype=np.bool_)
        for column in self.columns:
            hits |= _empty(chunk, column, self.blanks)
        return chunk.loc[~hits] if hits.any() else chunk


@dataclass(frozen=True)
class EmptyFieldsState:
    """What was seen.

    Attributes:
        rows: how many rows.
        columns: the columns that any chunk had.
        filled: the columns that any row had something in.
        places: for each of the format's alternatives, the rows with an empty field.
    """

    rows: int
    columns: frozenset[str]
    filled: frozenset[str]
    places: tuple[Places, ...]


@dataclass(frozen=True)
class EmptyFields(FormatAware[EmptyFieldsState]):
    """Finds fields that hold nothing, which nothing can be learnt from.

    Prompts may be empty where no separator follows them: then texts are continued from nothing.

    Attributes:
        prompts: whether prompts must hold something.
        blanks: whether white space alone is nothing.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    fixes: ClassVar[bool] = True

    prompts: bool = True
    blanks: bool = True

    def sieve(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The rows with something in every field."""
        columns = chosen(self._contract.format, frozenset(map(str, chunk.columns)))
        return DropEmpty(self._needed(columns), self.blanks)(chunk)

    def start(self) -> EmptyFieldsState:
        """No rows."""
        places = (Places(),) * len(self._alternatives())
        return EmptyFieldsState(0, frozenset(), frozenset(), places)

    def observe(self, state: EmptyFieldsState, chunk: pd.DataFrame) -> EmptyFieldsState:
        """Adds the chunk's rows."""
        present = self._candidates().intersection(chunk.columns)
        hits = {column: _empty(chunk, column, self.blanks) for column in self._candidates()}
        return self.merge(
            state,
            EmptyFieldsState(
                len(chunk),
                present,
                frozenset(column for column in present if not hits[column].all()),
                tuple(
                    Places.at(chunk, np.logical_or.reduce([hits[c] for c in self._needed(columns)]))
                    for columns in self._alternatives()
                ),
            ),
        )

    def merge(self, a: EmptyFieldsState, b: EmptyFieldsState) -> EmptyFieldsState:
        """The rows of both."""
        return EmptyFieldsState(
            a.rows + b.rows,
            a.columns | b.columns,
            a.filled | b.filled,
            tuple(x + y for x, y in zip(a.places, b.places, strict=True)),
        )

    def conclude(self, state: EmptyFieldsState) -> Sequence[Finding]:
        """An error for each column with nothing in it; else one for the rows, with a fix.

        Columns that are missing are not spoken of.
        """
        columns = chosen(self._contract.format, state.columns)
        places = state.places[self._alternatives().index(columns)]
        columns = self._needed(columns)
        if not state.columns.issuperset(columns) or not places.count:
            return []
        hollow = [column for column in columns if column not in state.filled]
        if hollow:
            return [
                Finding(
                    "empty-fields",
                    Severity.ERROR,
                    f"column {column!r} has nothing in any row",
                    count=state.rows,
                    lines=places.lines,
                    unit=places.unit,
                    expected="text in every row; is it the right column?",
                )
                for column in hollow
            ]
        return [
            Finding(
                "empty-fields",
                Severity.ERROR,
                f"{rows(places.count)} with nothing in {' or '.join(columns)}",
                count=places.count,
                lines=places.lines,
                unit=places.unit,
                expected=f"something in {' and '.join(columns)}",
                fix=Fix(
                    f"drop {rows(places.count)} with an empty field",
                    DropEmpty(columns, self.blanks),
                    "required",
                ),
            )
        ]

    def _needed(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """Of some columns those that must hold something."""
        if self.prompts and (self._contract.format != "completion" or self._option("separator")):
            return columns
        return tuple(column for column in columns if column != PROMPT)

    def _alternatives(self) -> tuple[tuple[str, ...], ...]:
        return ALTERNATIVES[self._contract.format]

    def _candidates(self) -> frozenset[str]:
        return frozenset(column for columns in self._alternatives() for column in columns)


def _empty(chunk: pd.DataFrame, column: str, blanks: bool) -> Bools:
    text = text_of(chunk)
    return text.once(f"empty {blanks}", column, lambda: hollow(text.raw(column), blanks))
