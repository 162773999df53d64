"""Whether there are classes to tell apart, and enough of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._labels import CountingLabels, LabelCounts
from pitchpipe.default_plugins.validators._places import lowest, shortened
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class ClassCounts(CountingLabels):
    """Finds a task of one class, and classes of one row.

    Chat records may well have one answer to everything, which is then no class; it is told.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR

    def conclude(self, state: LabelCounts) -> Sequence[Finding]:
        """An error for a single class, else a warning for a single answer or classes of one row."""
        counts = self._labels(state)
        if state.chat and not counts and state.counts and len(state.counts) == 1:
            return self._one_answer(state, state.counts)
        if not counts:
            return []
        if len(counts) == 1:
            label = next(iter(counts))
            return [
                Finding(
                    "class-counts",
                    Severity.ERROR,
                    f"every completion is {shortened(label)}: there is nothing to tell apart",
                    count=sum(counts.values()),
                    lines=(state.first(label),),
                    unit=state.unit,
                    expected="at least two different labels",
                    before=shortened(label),
                )
            ]
        single = sorted((state.first(label), label) for label, n in counts.items() if n == 1)
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

    def _one_answer(self, state: LabelCounts, counts: Mapping[str, int]) -> Sequence[Finding]:
        """A warning that chat records all have the same answer."""
        [(answer, count)] = counts.items()
        if count == 1:
            return []
        return [
            Finding(
                "class-counts",
                Severity.WARNING,
                f"every answer is {shortened(answer)}: a model learns to say this to everything",
                count=count,
                lines=state.lines[answer],
                unit=state.unit,
                expected="answers that differ, unless that is what you want",
                before=shortened(answer),
            )
        ]
