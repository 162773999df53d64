"""Exports of Prodigy: tasks with the annotator's ``answer``.

Source: https://prodi.gy/docs/api-interfaces
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.columns.exports.answers import NO_LABEL, loaded, single, spans
from pitchpipe.columns.exports.base import Export, Row, Unanswered
from pitchpipe.columns.shapes import filled

_ANSWER, _LABEL, _ACCEPT, _OPTIONS, _SPANS = "answer", "label", "accept", "options", "spans"
_ANSWERS = {"accept", "reject", "ignore"}
_PARTS = frozenset((_ANSWER, _LABEL, _ACCEPT, _OPTIONS))
_OWN = frozenset(("spans", "relations", "tokens", "meta", "score", "priority", "config", "style"))


@dataclass(frozen=True)
class ProdigyTasks(Export):
    """Texts with a label, or with options and those accepted."""

    title: ClassVar[str] = "a Prodigy export"

    @classmethod
    def recognised(cls, table: str, sample: pd.DataFrame, answers: bool) -> Export | None:
        """Told by an answer of accept, reject or ignore, beside its parts or hidden fields."""
        if _ANSWER not in sample.columns:
            return None
        said = {str(cell) for cell in filled(sample[_ANSWER].tolist())}
        hidden = any(name.startswith("_") for name in sample.columns)
        parts = {_LABEL, _ACCEPT, _SPANS} & set(sample.columns)
        return cls(table, answers) if said and said <= _ANSWERS and (hidden or parts) else None

    def consumed(self, columns: Sequence[str]) -> frozenset[str]:
        """The answer, and what is answered."""
        return _PARTS & frozenset(columns)

    def passes_on(self, column: str) -> bool:
        """Whether it is a field that was shown."""
        return column not in _PARTS | _OWN and not column.startswith("_")

    def labels(self, row: Row) -> dict[str, Any]:
        """The label, or the option, that was accepted."""
        answer = row.get(_ANSWER)
        if answer != "accept":
            raise Unanswered(f"answered {answer!r}" if answer else "without an answer")
        for part in (_ACCEPT, _LABEL):
            if part in row:
                return {_LABEL: single(row[part])}
        for part in (_SPANS, "relations"):
            if loaded(row.get(part)):
                raise spans(row[part])
        raise Unanswered(NO_LABEL)
