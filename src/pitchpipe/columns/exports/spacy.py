"""Training data of spaCy: texts with ``cats``, a number for each category.

Source: https://spacy.io/api/data-formats
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.columns.exports.answers import loaded, several
from pitchpipe.columns.exports.base import Export, Row, Unanswered
from pitchpipe.columns.shapes import filled

_CATS, _LABEL = "cats", "label"
_LIKELY = 0.5


@dataclass(frozen=True)
class SpacyCategories(Export):
    """Texts with the categories that hold for them."""

    title: ClassVar[str] = "spaCy's training data"

    @classmethod
    def recognised(cls, table: str, sample: pd.DataFrame, answers: bool) -> Export | None:
        """Told by ``cats`` that hold a number a category."""
        if _CATS not in sample.columns:
            return None
        cats = [loaded(cell) for cell in filled(sample[_CATS].tolist())]
        fits = cats and all(isinstance(cell, dict) for cell in cats)
        return cls(table, answers) if fits else None

    def consumed(self, columns: Sequence[str]) -> frozenset[str]:
        """The categories."""
        return frozenset((_CATS,)) & frozenset(columns)

    def passes_on(self, column: str) -> bool:
        """Whether it is not for other components of spaCy."""
        return column not in (_CATS, "entities", "spans", "links", "meta", "tokens", "id")

    def labels(self, row: Row) -> dict[str, Any]:
        """The one category that holds."""
        cats = loaded(row.get(_CATS))
        numbers = cats if isinstance(cats, dict) else {}
        holds = [
            name
            for name, number in numbers.items()
            if isinstance(number, int | float) and number >= _LIKELY
        ]
        if not holds:
            raise Unanswered("without a category that holds")
        if len(holds) > 1:
            raise several(holds)
        return {_LABEL: holds[0]}
