"""Whether one prompt has more than one completion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._digests import Remembered
from pitchpipe.default_plugins.validators._fields import FormatAware
from pitchpipe.default_plugins.validators._places import lowest, rows
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class ConflictingCompletions(FormatAware[Remembered]):
    """Finds prompts with different completions.

    Preferences are left alone: there one input may well have many outputs. Where there is nothing
    but empty prompts, texts are to be continued from nothing, and there are no conflicts.
    """

    scope: ClassVar[Scope] = "index"

    def start(self) -> Remembered:
        """No records."""
        return Remembered()

    def observe(self, state: Remembered, chunk: pd.DataFrame) -> Remembered:
        """Adds the chunk's records."""
        if self._contract.format == "preference":
            return state
        return state.add(chunk, "question", "answer")

    def merge(self, a: Remembered, b: Remembered) -> Remembered:
        """The records of both."""
        return a + b

    def conclude(self, state: Remembered) -> Sequence[Finding]:
        """One warning for all of them; which completion is right only their writer knows."""
        lines, run, answers = state.repeats()
        first = np.flatnonzero(np.diff(run, prepend=-1))
        at_odds = np.zeros(len(first), dtype=np.bool_)
        at_odds[run[answers != answers[first[run]]]] = True
        hits = lines[at_odds[run]]
        prompts = int(at_odds.sum())
        if not len(hits) or (prompts == 1 and len(hits) == state.rows):
            return []
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
