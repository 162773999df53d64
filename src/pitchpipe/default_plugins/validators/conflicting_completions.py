"""Whether one prompt has more than one completion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._digests import Remembered, digest
from pitchpipe.default_plugins.validators._fields import (
    FormatAware,
    answers,
    hollow,
    questions,
)
from pitchpipe.default_plugins.validators._places import lowest, rows
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class ConflictingCompletions(FormatAware[Remembered]):
    """Finds prompts with different completions; rows without either do not count.

    Preferences are left alone: there one input may well have many outputs. It remembers 24 bytes
    a row.
    """

    scope: ClassVar[Scope] = "source"

    def start(self) -> Remembered:
        """No rows."""
        return Remembered()

    def observe(self, state: Remembered, chunk: pd.DataFrame) -> Remembered:
        """Adds the chunk's rows."""
        record_format = self._contract.format
        if record_format == "preference":
            return state
        asked, answered = questions(chunk, record_format), answers(chunk, record_format)
        whole = ~(hollow(asked) | hollow(answered))
        return state.add(chunk, digest([asked]), digest([answered])[:, 0], whole)

    def merge(self, a: Remembered, b: Remembered) -> Remembered:
        """The rows of both."""
        return a + b

    def conclude(self, state: Remembered) -> Sequence[Finding]:
        """One warning for all of them; which completion is right only their writer knows."""
        lines, run, completions = state.table()
        if not len(lines):
            return []
        first = np.flatnonzero(np.diff(run, prepend=-1))
        at_odds = np.zeros(len(first), dtype=np.bool_)
        at_odds[run[completions != completions[first[run]]]] = True
        hits = lines[at_odds[run]]
        if not len(hits):
            return []
        prompts = int(at_odds.sum())
        return [
            Finding(
                "conflicting-completions",
                Severity.WARNING,
                f"{rows(len(hits))} where one prompt has different completions "
                f"({prompts} such prompt{'s' * (prompts > 1)})",
                count=len(hits),
                lines=lowest(hits),
                unit=state.unit,
                expected="one completion a prompt",
            )
        ]
