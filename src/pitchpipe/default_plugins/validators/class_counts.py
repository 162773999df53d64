"""Whether there are classes to tell apart, and enough of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._fields import FormatAware, answers, as_text, is_empty
from pitchpipe.default_plugins.validators._places import lowest, shortened, unit_of
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope

MOST_CLASSES = 50
LONGEST_LABEL = 200


@dataclass(frozen=True)
class ClassCountsState:
    """The labels seen.

    Attributes:
        counts: how often each came, or None once there are too many, or too long ones, for labels.
        first: the number of the first row of each.
        unit: what the numbers count.
    """

    counts: Mapping[str, int] | None = field(default_factory=dict)
    first: Mapping[str, int] = field(default_factory=dict)
    unit: str = ""


@dataclass(frozen=True)
class ClassCounts(FormatAware[ClassCountsState]):
    """Finds a task of one class, and classes of one row.

    Completions are labels when the contract knows labels; else when there are at most 50 different
    ones, of at most 200 characters, and fewer than a third of the rows.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR

    def start(self) -> ClassCountsState:
        """No labels."""
        return ClassCountsState()

    def observe(self, state: ClassCountsState, chunk: pd.DataFrame) -> ClassCountsState:
        """Adds the chunk's labels."""
        if state.counts is None or self._contract.format == "preference":
            return state
        labels = [
            cell if type(cell) is str else "" if is_empty(cell) else as_text(cell)
            for cell in answers(chunk, self._contract.format)
        ]
        counts = {label: n for label, n in Counter(labels).items() if not is_empty(label)}
        lines = chunk.index.tolist()
        # of equal keys the last counts, so backwards the first row's
        first = dict(zip(reversed(labels), reversed(lines), strict=True))
        return self.merge(
            state,
            ClassCountsState(counts, {label: first[label] for label in counts}, unit_of(chunk)),
        )

    def merge(self, a: ClassCountsState, b: ClassCountsState) -> ClassCountsState:
        """The labels of both."""
        unit = max(a.unit, b.unit)
        if a.counts is None or b.counts is None:
            return ClassCountsState(None, {}, unit)
        counts = Counter(a.counts) + Counter(b.counts)
        most = max(MOST_CLASSES, len(self._contract.labels))
        if len(counts) > most or any(len(label) > LONGEST_LABEL for label in counts):
            return ClassCountsState(None, {}, unit)
        first = dict(a.first)
        for label, line in b.first.items():
            first[label] = min(line, first.get(label, line))
        return ClassCountsState(counts, first, unit)

    def conclude(self, state: ClassCountsState) -> Sequence[Finding]:
        """An error for a single class, else a warning for the classes of one row."""
        counts = state.counts or {}
        total = sum(counts.values())
        if not counts or not (self._contract.labels or 3 * len(counts) < total):
            return []
        if len(counts) == 1:
            label = next(iter(counts))
            return [
                Finding(
                    "class-counts",
                    Severity.ERROR,
                    f"every completion is {shortened(label)}: there is nothing to tell apart",
                    count=total,
                    lines=lowest(state.first.values()),
                    unit=state.unit,
                    expected="at least two different labels",
                    before=shortened(label),
                )
            ]
        single = sorted((state.first[label], label) for label, n in counts.items() if n == 1)
        if not single:
            return []
        names = ", ".join(shortened(label) for _, label in single[:5])
        return [
            Finding(
                "class-counts",
                Severity.WARNING,
                f"{len(single)} label{'s' * (len(single) > 1)} seen only once: {names}"
                + ", ..." * (len(single) > 5),
                count=len(single),
                lines=lowest(line for line, _ in single),
                unit=state.unit,
                expected="two rows of each label or more, so that it is both trained on and "
                "held out; is it misspelt?",
                before=shortened(single[0][1]),
            )
        ]
