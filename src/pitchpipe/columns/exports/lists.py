"""Labels in lists, as doccano exports them, and several labels in one text of its CSV.

Source: https://github.com/doccano/doccano/blob/master/backend/data_export/pipeline/formatters.py
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.columns.exports.answers import NO_LABEL, is_span, loaded, several, single, spans
from pitchpipe.columns.exports.base import Export, Row, Unanswered
from pitchpipe.columns.names import LABEL_RANK, meaning_of
from pitchpipe.columns.shapes import filled

_MARK = "#"
_PARTS_OF_TEXT = ("entities", "spans", "relations", "annotations", "ner_tags", "ner")


@dataclass(frozen=True)
class ListedLabels(Export):
    """Rows whose answer is a list of labels or texts.

    Attributes:
        column: the one that holds lists.
    """

    title: ClassVar[str] = "labels in lists (as doccano exports them)"

    column: str = "label"

    @classmethod
    def recognised(cls, table: str, sample: pd.DataFrame, answers: bool) -> Export | None:
        """Told by lists in the column that is named like an answer, where no other text is one.

        Lists that are written as text count in columns of labels alone: an answer may be a text
        that reads like a list.
        """
        named = [c for c in sample.columns if meaning_of(str(c)).kind == "answer"]
        kinds = {column: _kind(str(column), sample[column].tolist()) for column in named}
        best = min((meaning_of(str(c)).rank for c in named if kinds[c]), default=None)
        first = [c for c in named if kinds[c] and meaning_of(str(c)).rank == best]
        if len(first) != 1 or kinds[first[0]] != "lists":
            return None
        return cls(table, answers, first[0])

    def consumed(self, columns: Sequence[str]) -> frozenset[str]:
        """The lists, which are still called the same."""
        return frozenset((self.column,)) & frozenset(columns)

    def passes_on(self, column: str) -> bool:
        """Whether it is any other column."""
        return column != self.column

    def labels(self, row: Row) -> dict[str, Any]:
        """What is in the list."""
        return {self.column: single(row.get(self.column))}


@dataclass(frozen=True)
class JoinedLabels(Export):
    """Rows of doccano's CSV, where several labels are one text: ``late#rude``.

    Attributes:
        known: the labels that stand alone in the first rows.
    """

    title: ClassVar[str] = "a doccano export"

    known: frozenset[str] = frozenset()

    @classmethod
    def recognised(cls, table: str, sample: pd.DataFrame, answers: bool) -> Export | None:
        """Told by its columns, and by labels that are made of others."""
        columns = set(sample.columns)
        if not ({"id", "label"} <= columns and columns & {"text", "data"}):
            return None
        labels = frozenset(str(cell) for cell in filled(sample["label"].tolist()))
        made = cls(table, answers, labels)
        return made if any(map(made._parts, labels)) else None

    def consumed(self, columns: Sequence[str]) -> frozenset[str]:
        """The labels, which are still called the same."""
        return frozenset(("label",)) & frozenset(columns)

    def passes_on(self, column: str) -> bool:
        """Whether it is any other column."""
        return column != "label"

    def labels(self, row: Row) -> dict[str, Any]:
        """The label, where it is one."""
        label = row.get("label")
        if label is None or label == "":
            raise Unanswered(NO_LABEL)
        if parts := self._parts(str(label)):
            raise several(parts)
        return {"label": label}

    def _parts(self, label: str) -> list[str]:
        parts = label.split(_MARK)
        return parts if len(parts) > 1 and self.known.issuperset(parts) else []


@dataclass(frozen=True)
class LabelledSpans(Export):
    """Rows that label parts of their text, and have no answer beside.

    Attributes:
        column: the one that holds the parts.
    """

    title: ClassVar[str] = "annotated texts (as spaCy, doccano and Prodigy write them)"

    column: str = ""

    @classmethod
    def recognised(cls, table: str, sample: pd.DataFrame, answers: bool) -> Export | None:
        """Told by its lists of parts."""
        if any(meaning_of(str(c)).kind == "answer" for c in sample.columns):
            return None
        for column in _PARTS_OF_TEXT:
            cells = sample[column].tolist() if column in sample.columns else []
            lists = [loaded(cell) for cell in filled(cells)]
            if any(isinstance(cell, list) and any(map(is_span, cell)) for cell in lists):
                return cls(table, answers, column)
        return None

    def consumed(self, columns: Sequence[str]) -> frozenset[str]:
        """The parts."""
        return frozenset((self.column,)) & frozenset(columns)

    def passes_on(self, column: str) -> bool:
        """Whether it is any other column."""
        return column != self.column

    def labels(self, row: Row) -> dict[str, Any]:
        """None: a part is no answer."""
        if parts := loaded(row.get(self.column)):
            raise spans(parts)
        raise Unanswered(NO_LABEL)


def _kind(column: str, cells: Sequence[object]) -> str:
    """Whether a column of answers holds lists, other values, or nothing."""
    values = filled(cells)
    if meaning_of(column).rank >= LABEL_RANK:
        values = [loaded(cell) for cell in values]
    messages = any(
        isinstance(m, dict) and "role" in m for v in values if isinstance(v, list) for m in v
    )
    if values and not messages and all(isinstance(value, list) for value in values):
        return "lists"
    return "values" if values else ""
