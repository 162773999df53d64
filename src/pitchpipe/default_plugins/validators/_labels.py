"""Labels, counted: what rules about classes have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._fields import FormatAware, answers, as_text, is_empty
from pitchpipe.default_plugins.validators._places import unit_of
from pitchpipe.default_plugins.validators._text import text_of

LONGEST_LABEL = 200


@dataclass(frozen=True)
class LabelCounts:
    """The labels seen.

    Attributes:
        counts: how often each came, or None once there are too many, or too long ones, for labels.
        first: the number of the first row of each.
        unit: what the numbers count.
    """

    counts: Mapping[str, int] | None = field(default_factory=dict)
    first: Mapping[str, int] = field(default_factory=dict)
    unit: str = ""


class CountingLabels(FormatAware[LabelCounts]):
    """A rule about the labels of a classification.

    Completions are labels when the contract knows labels; else when there are few different ones,
    of at most 200 characters, and fewer than a third of the rows.
    """

    most: ClassVar[int] = 50
    """So many different ones are few."""

    def start(self) -> LabelCounts:
        """No labels."""
        return LabelCounts()

    def observe(self, state: LabelCounts, chunk: pd.DataFrame) -> LabelCounts:
        """Adds the chunk's labels."""
        if state.counts is None or self._contract.format == "preference":
            return state
        kind = self._contract.format
        seen = text_of(chunk).once("labels", kind, lambda: _counted(answers(chunk, kind), chunk))
        return self.merge(state, seen)

    def merge(self, a: LabelCounts, b: LabelCounts) -> LabelCounts:
        """The labels of both."""
        unit = max(a.unit, b.unit)
        if a.counts is None or b.counts is None:
            return LabelCounts(None, {}, unit)
        counts = Counter(a.counts) + Counter(b.counts)
        most = max(self.most, len(self._contract.labels))
        if len(counts) > most or any(len(label) > LONGEST_LABEL for label in counts):
            return LabelCounts(None, {}, unit)
        first = dict(a.first)
        for label, line in b.first.items():
            first[label] = min(line, first.get(label, line))
        return LabelCounts(counts, first, unit)

    def _labels(self, state: LabelCounts) -> Mapping[str, int]:
        """How often each label came; empty where the answers are no labels."""
        counts = state.counts or {}
        is_classification = self._contract.labels or 3 * len(counts) < sum(counts.values())
        return counts if is_classification else {}


def _counted(cells: list[object], chunk: pd.DataFrame) -> LabelCounts:
    labels = [
        cell if type(cell) is str else "" if is_empty(cell) else as_text(cell) for cell in cells
    ]
    counts = {label: n for label, n in Counter(labels).items() if not is_empty(label)}
    # of equal keys the last counts, so backwards the first row's
    first = dict(zip(reversed(labels), reversed(chunk.index.tolist()), strict=True))
    return LabelCounts(counts, {label: first[label] for label in counts}, unit_of(chunk))
