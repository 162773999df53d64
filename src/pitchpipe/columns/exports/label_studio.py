"""Exports of Label Studio: whole tasks as JSON, and one row an annotation as JSON-MIN, CSV, TSV.

Sources: https://labelstud.io/guide/export and https://labelstud.io/guide/task_format
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.columns.exports.answers import (
    NO_LABEL,
    agreed,
    is_span,
    loaded,
    several,
    single,
    spans,
)
from pitchpipe.columns.exports.base import Export, Row, Unanswered
from pitchpipe.columns.shapes import filled

_ANNOTATIONS = ("annotations", "completions")  # completions until version 1.0
_DATA = "data"
_OF_ROWS = frozenset(("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"))
_MARKS = frozenset(("annotator", "annotation_id", "lead_time"))
_WHOLE = {"choices": "choices", "textarea": "text", "rating": "rating", "number": "number"}


@dataclass(frozen=True)
class LabelStudioTasks(Export):
    """Tasks with their annotations: ``data``, and ``annotations`` of ``result``."""

    title: ClassVar[str] = "a Label Studio export"

    @classmethod
    def recognised(cls, table: str, sample: pd.DataFrame, answers: bool) -> Export | None:
        """Told by ``data`` that holds objects, beside annotations with results."""
        if _DATA not in sample.columns or not _all(sample[_DATA], dict):
            return None
        found = [name for name in _ANNOTATIONS if name in sample.columns]
        lists = [cell for name in found for cell in filled(sample[name].tolist())]
        if not found or not _all([loaded(cell) for cell in lists], list):
            return None
        return cls(table, answers)

    def consumed(self, columns: Sequence[str]) -> frozenset[str]:
        """The data and the annotations."""
        return frozenset((_DATA, *_ANNOTATIONS)) & frozenset(columns)

    def passes_on(self, column: str) -> bool:
        """No column: fields are in ``data``."""
        del column
        return False

    def given(self, row: Row) -> dict[str, Any]:
        """The fields of ``data``."""
        data = loaded(row.get(_DATA))
        return dict(data) if isinstance(data, dict) else {}

    def labels(self, row: Row) -> dict[str, Any]:
        """What the annotations say, by the name of the control; a ground truth before others."""
        cells = [loaded(row[name]) for name in _ANNOTATIONS if name in row]
        found = [a for cell in cells if isinstance(cell, list) for a in cell if isinstance(a, dict)]
        if not found:
            raise Unanswered("without an annotation")
        counted = [a for a in found if not a.get("was_cancelled") and not a.get("skipped")]
        if not counted:
            raise Unanswered("cancelled or skipped")
        true = [a for a in counted if a.get("ground_truth")]
        said = [answers for a in true or counted if (answers := _answers(a.get("result")))]
        if not said:
            raise Unanswered(NO_LABEL)
        return agreed(said)


@dataclass(frozen=True)
class LabelStudioRows(Export):
    """One row an annotation: fields, labels and who made them."""

    title: ClassVar[str] = "a Label Studio export"

    @classmethod
    def recognised(cls, table: str, sample: pd.DataFrame, answers: bool) -> Export | None:
        """Told by two or more of the annotator, the annotation's id and how long it took."""
        return cls(table, answers) if len(_MARKS & set(sample.columns)) > 1 else None

    def consumed(self, columns: Sequence[str]) -> frozenset[str]:
        """No column: all are fields, labels, or left out under their names."""
        del columns
        return frozenset()

    def passes_on(self, column: str) -> bool:
        """Whether it is not about the annotation."""
        return column not in _OF_ROWS

    def labels(self, row: Row) -> dict[str, Any]:
        """The labels that are written as lists or objects; a bare label is found by its name."""
        structured = {
            name: value
            for name, cell in self.given(row).items()
            if isinstance(value := loaded(cell), list | dict)
        }
        return {name: single(value) for name, value in structured.items()}


def _answers(result: object) -> dict[str, Any]:
    """What one annotation says, by the name of the control."""
    found: dict[str, Any] = {}
    for part in result if isinstance(result, list) else ():
        if not isinstance(part, Mapping):
            continue
        kind, value = str(part.get("type")), part.get("value")
        if kind not in _WHOLE or is_span(part) or not isinstance(value, Mapping):
            raise spans(part)
        control = str(part.get("from_name", kind))
        answer = single(value.get(_WHOLE[kind]))
        if found.setdefault(control, answer) != answer:
            raise several([found[control], answer])
    return found


def _all(cells: Sequence[object] | pd.Series[Any], kind: type) -> bool:
    values = [loaded(cell) for cell in filled(list(cells))]
    return bool(values) and all(isinstance(value, kind) for value in values)
