"""Whether some classes are far rarer than others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._labels import CountingLabels, LabelCounts
from pitchpipe.default_plugins.validators._places import shortened
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class ClassImbalance(CountingLabels):
    """Finds labels so rare that a model does well without ever giving them.

    Attributes:
        least: what a label's rows must come to, as a share of what it would have if all labels had
            as many.
    """

    scope: ClassVar[Scope] = "source"

    least: float = 0.2

    def __post_init__(self) -> None:
        """Holds the option to its range."""
        if not 0 <= self.least <= 1:
            raise ValueError(f"least must be from 0 to 1; found {self.least}.")

    def conclude(self, state: LabelCounts) -> Sequence[Finding]:
        """One warning for all of them."""
        counts = self._labels(state)
        if len(counts) < 2:
            return []
        total = sum(counts.values())
        even = total / len(counts)
        rare = sorted((n, label) for label, n in counts.items() if n < self.least * even)
        if not rare:
            return []
        figures = ", ".join(f"{shortened(label)} {n}" for n, label in rare[:5])
        most, top = max((n, label) for label, n in counts.items())
        return [
            Finding(
                "class-imbalance",
                Severity.WARNING,
                f"{len(rare)} of {len(counts)} labels are rare among {total} rows: {figures}"
                f"{', ...' * (len(rare) > 5)}; {shortened(top)} has {most}",
                count=sum(n for n, _ in rare),
                lines=state.lowest(label for _, label in rare),
                unit=state.unit,
                expected=f"at least {self.least:.0%} of an even share, which is {even:.0f} rows; "
                "gather more of them, and judge by F1 rather than accuracy",
                before=shortened(rare[0][1]),
            )
        ]
