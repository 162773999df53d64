"""What every benchmark gives back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        benchmark: which benchmark measured it.
        name: what was measured.
        value: the number.
        unit: what it counts.
        aim: what it should be at most ("<= 3") or at least (">= 5"), where there is an aim.
    """

    benchmark: str
    name: str
    value: float
    unit: str
    aim: str = ""

    @property
    def met(self) -> bool | None:
        """Whether it is as it should be; None without an aim."""
        if not self.aim:
            return None
        sign, _, bound = self.aim.partition(" ")
        return self.value <= float(bound) if sign == "<=" else self.value >= float(bound)


def table(figures: Iterable[Figure]) -> str:
    """Figures as lines of text, in columns."""
    rows = [("benchmark", "measured", "value", "unit", "aim")]
    for figure in figures:
        verdict = "" if figure.met is None else f"{figure.aim} {'met' if figure.met else 'MISSED'}"
        rows.append((figure.benchmark, figure.name, _number(figure.value), figure.unit, verdict))
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i == 2 else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
