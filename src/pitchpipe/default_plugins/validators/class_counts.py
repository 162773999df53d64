"""Whether there are classes to tell apart, and enough of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._labels import CountingLabels, LabelCounts
from pitchpipe.default_plugins.validators._places import lowest, shortened
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class ClassCounts(CountingLabels):
    """Finds a task of one class, and classes of one row."""

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR

    def conclude(self, state: LabelCounts) -> Sequence[Finding]:
        """An error for a single class, else a warning for the classes of one row."""
        counts = self._labels(state)
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
