"""What the exports of annotation tools have in common: rows become texts and their one label."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.errors import DataError
from pitchpipe.redaction import hide_keys

Row = Mapping[str, Any]
"""The cells of one row by column, without those that are missing."""

_MOST_PLACES = 5
_MOST_SHOWN = 80


class Unanswered(Exception):  # noqa: N818 - a row that is left out is no error
    """A row that has no answer to learn from; says why, as in "3 rows without a label"."""


class Unfit(Exception):  # noqa: N818 - it becomes a DataError once its rows are known
    """A row whose annotation is no single answer.

    Args:
        what: what the rows have, as in "2 rows with several labels".
        expected: what they should have, and what to do.
        example: what was found.
    """

    def __init__(self, what: str, expected: str, example: object) -> None:
        super().__init__(what, expected)
        self.what = what
        self.expected = expected
        self.example = example


@dataclass(frozen=True)
class Unpacked:
    """The rows of an export as a plain table.

    Attributes:
        rows: those that have an answer, under their places.
        skipped: how many have none, by the reason.
        others: the columns of the export that are no part of the plain table.
    """

    rows: pd.DataFrame
    skipped: Mapping[str, int] = field(default_factory=dict)
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Export(ABC):
    """Reads the rows of one kind of export.

    Attributes:
        table: what to call the table in messages.
        answers: whether rows without an answer are left out; where rows are only to be asked
            about, they stay.
        kept: columns that stay, whatever they are, as those that the user named do.
    """

    title: ClassVar[str]
    """What to call it in messages."""

    table: str
    answers: bool
    kept: tuple[str, ...] = field(default=(), kw_only=True)

    @classmethod
    @abstractmethod
    def recognised(cls, table: str, sample: pd.DataFrame, answers: bool) -> Export | None:
        """The reader of a table's rows; None where the first of them are no such export."""

    @abstractmethod
    def consumed(self, columns: Sequence[str]) -> frozenset[str]:
        """Of some columns those that are read, not passed on."""

    @abstractmethod
    def passes_on(self, column: str) -> bool:
        """Whether a column is a field that the annotator was shown."""

    def given(self, row: Row) -> dict[str, Any]:
        """What the annotator was shown, by field."""
        return {name: cell for name, cell in row.items() if self.passes_on(name)}

    @abstractmethod
    def labels(self, row: Row) -> dict[str, Any]:
        """What the annotator said, by question.

        Raises:
            Unanswered: nothing that counts.
            Unfit: it is no single answer.
        """

    def unpacked(self, chunk: pd.DataFrame) -> Unpacked:
        """The rows of a chunk as a plain table.

        Raises:
            DataError: annotations are no single answers; names the rows.
        """
        places, made = [], []
        skipped: dict[str, int] = {}
        unfit: dict[str, tuple[Unfit, list[object]]] = {}
        for place, row in zip(chunk.index, rows_of(chunk), strict=True):
            try:
                labels = self.labels(row)
            except Unanswered as reason:
                if self.answers:
                    skipped[str(reason)] = skipped.get(str(reason), 0) + 1
                    continue
                labels = {}
            except Unfit as error:
                if self.answers:
                    unfit.setdefault(error.what, (error, []))[1].append(place)
                    continue
                labels = {}
            places.append(place)
            kept = {name: row[name] for name in self.kept if name in row}
            made.append({**kept, **self.given(row), **labels})
        for problem, at in unfit.values():
            raise self._refusal(problem, at, str(chunk.index.name))
        names = list(dict.fromkeys(name for row in made for name in row))
        cells = {name: [row.get(name) for row in made] for name in names}
        index = pd.Index(places, dtype=chunk.index.dtype, name=chunk.index.name)
        rows = pd.DataFrame(cells, index=index, dtype=object)
        consumed = self.consumed(list(chunk.columns))
        stay = {*consumed, *names, *self.kept}
        others = [c for c in chunk.columns if c not in stay and not self.passes_on(c)]
        return Unpacked(rows, skipped, tuple(others))

    def label_columns(self, chunk: pd.DataFrame) -> tuple[str, ...]:
        """The columns of the plain table that hold what annotators said."""
        found: dict[str, None] = {}
        for row in rows_of(chunk):
            try:
                found.update(dict.fromkeys(self.labels(row)))
            except (Unanswered, Unfit):
                continue
        return tuple(found)

    def _refusal(self, error: Unfit, places: Sequence[object], unit: str) -> DataError:
        more = ", ..." if len(places) > _MOST_PLACES else ""
        rows = "1 row" if len(places) == 1 else f"{len(places)} rows"
        example = hide_keys(repr(error.example))
        if len(example) > _MOST_SHOWN:
            example = example[: _MOST_SHOWN - 3] + "..."
        return DataError(
            f"{self.table}, {unit} {', '.join(map(str, places[:_MOST_PLACES]))}{more}: {rows} of "
            f"{self.title} {error.what}. Expected {error.expected}. Example: {example}."
        )


def rows_of(chunk: pd.DataFrame) -> Iterator[Row]:
    """The rows of a chunk, without the cells that are missing."""
    names = [str(name) for name in chunk.columns]
    cells = [chunk[name].tolist() for name in names]
    for values in zip(*cells, strict=True):
        yield {n: v for n, v in zip(names, values, strict=True) if v is not None and v == v}
