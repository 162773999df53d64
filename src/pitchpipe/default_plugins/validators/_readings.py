"""Rules about what is lost when records are read: the readers note it, and the rules report it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._places import SHOWN, WIDTH, lowest, rows, unit_of
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope, Validator
from pitchpipe.tables.faults import faults_of

Lost = tuple[int, str, str]
"""The number of a row, where in the row a value is, and what is there."""

_KEYS = 3


@dataclass(frozen=True)
class Losses:
    """The rows of which reading lost something.

    Attributes:
        count: how many.
        first: what was lost of the first few, ascending.
        unit: what the numbers count; "" while nothing has been seen.
    """

    count: int = 0
    first: tuple[Lost, ...] = field(default=())
    unit: str = ""

    def __add__(self, other: Losses) -> Losses:
        both = sorted(self.first + other.first)
        kept = set(lowest({line for line, _, _ in both}))
        first = tuple(lost for lost in both if lost[0] in kept)
        return Losses(self.count + other.count, first, max(self.unit, other.unit))


class ReadingRule(Validator[Losses]):
    """A rule about rows whose values in memory are not those of the file."""

    scope: ClassVar[Scope] = "table"
    severity: ClassVar[Severity] = Severity.ERROR

    rule: ClassVar[str]
    what: ClassVar[str]
    expected: ClassVar[str]

    def start(self) -> Losses:
        """No rows."""
        return Losses()

    def observe(self, state: Losses, chunk: pd.DataFrame) -> Losses:
        """Adds the chunk's rows."""
        lost = sorted({*self._lost(chunk)})
        if not lost:
            return state
        lines = {line for line, _, _ in lost}
        kept = set(sorted(lines)[:SHOWN])
        first = tuple(one for one in lost if one[0] in kept)
        return state + Losses(len(lines), first, unit_of(chunk))

    def merge(self, a: Losses, b: Losses) -> Losses:
        """The rows of both."""
        return a + b

    def conclude(self, state: Losses) -> Sequence[Finding]:
        """One error for all of them."""
        if not state.count:
            return []
        paths = list(dict.fromkeys(path for _, path, _ in state.first))
        shown = ", ".join(paths[:_KEYS]) + ", ..." * (len(paths) > _KEYS)
        _, path, found = state.first[0]
        return [
            Finding(
                self.rule,
                self.severity,
                f"{rows(state.count)} with {self.what}: {shown}",
                count=state.count,
                lines=tuple(sorted({line for line, _, _ in state.first})),
                unit=state.unit,
                expected=self.expected,
                before=f"{path}: {found}"[: 2 * WIDTH],
            )
        ]

    def _lost(self, chunk: pd.DataFrame) -> Iterator[Lost]:
        for fault in faults_of(chunk):
            if fault.rule == self.rule:
                yield fault.locator, fault.path, fault.found
