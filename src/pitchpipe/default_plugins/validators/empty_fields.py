"""Whether every field that a record is made from has something in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._fields import (
    ALTERNATIVES,
    FormatAware,
    chosen,
    empties,
)
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.records import Finding, Fix, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class DropEmpty:
    """Drops the rows in which one of the columns is empty."""

    columns: tuple[str, ...]

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk without them."""
        return chunk.loc[~empties(chunk, self.columns)]


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
    """Finds cells that hold nothing or only white space; their rows can be dropped."""

    scope: ClassVar[Scope] = "source"

    def start(self) -> EmptyFieldsState:
        """No rows."""
        places = (Places(),) * len(self._alternatives())
        return EmptyFieldsState(0, frozenset(), frozenset(), places)

    def observe(self, state: EmptyFieldsState, chunk: pd.DataFrame) -> EmptyFieldsState:
        """Adds the chunk's rows."""
        present = self._candidates().intersection(chunk.columns)
        hits = {column: empties(chunk, [column]) for column in self._candidates()}
        return self.merge(
            state,
            EmptyFieldsState(
                len(chunk),
                present,
                frozenset(column for column in present if not hits[column].all()),
                tuple(
                    Places.at(chunk, np.logical_or.reduce([hits[c] for c in columns]))
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
                fix=Fix(f"drop {rows(places.count)} with an empty field", DropEmpty(columns)),
            )
        ]

    def _alternatives(self) -> tuple[tuple[str, ...], ...]:
        return ALTERNATIVES[self._contract.format]

    def _candidates(self) -> frozenset[str]:
        return frozenset(column for columns in self._alternatives() for column in columns)
