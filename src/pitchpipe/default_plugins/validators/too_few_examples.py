"""Whether there are as many examples as the API asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._places import rows
from pitchpipe.records import MIN_EXAMPLES, Finding, Severity
from pitchpipe.stages import Scope, Validator, ValidatorCapabilities


@dataclass(frozen=True)
class TooFewExamples(Validator[int]):
    """Counts the rows; with fewer than ten no service trains."""

    capabilities = ValidatorCapabilities(silent=False)

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR

    def start(self) -> int:
        """No rows."""
        return 0

    def observe(self, state: int, chunk: pd.DataFrame) -> int:
        """Adds the chunk's rows."""
        return state + len(chunk)

    def merge(self, a: int, b: int) -> int:
        """The rows of both."""
        return a + b

    def conclude(self, state: int) -> Sequence[Finding]:
        """An error below ten rows."""
        if state >= MIN_EXAMPLES:
            return []
        return [
            Finding(
                "too-few-examples",
                Severity.ERROR,
                f"only {rows(state)} to learn from" if state else "no rows to learn from",
                count=state,
                expected=f"at least {MIN_EXAMPLES} training examples, which is the fewest the "
                "fine-tuning API takes",
            )
        ]


@dataclass(frozen=True)
class TooFewTrainingRecords(Validator[int]):
    """Counts the records that are left to train on once some are held out."""

    capabilities = ValidatorCapabilities(silent=False)

    scope: ClassVar[Scope] = "split"
    severity: ClassVar[Severity] = Severity.ERROR

    def start(self) -> int:
        """No records."""
        return 0

    def observe(self, state: int, chunk: pd.DataFrame) -> int:
        """Adds the chunk's training records."""
        return state + int((chunk["split"] == "train").sum())

    def merge(self, a: int, b: int) -> int:
        """The records of both."""
        return a + b

    def conclude(self, state: int) -> Sequence[Finding]:
        """An error below ten records."""
        if state >= MIN_EXAMPLES:
            return []
        return [
            Finding(
                "too-few-training-records",
                Severity.ERROR,
                f"only {rows(state)} to train on after the split",
                count=state,
                expected=f"at least {MIN_EXAMPLES} training examples, which is the fewest the "
                "fine-tuning API takes; with --splitter auto as many are left",
            )
        ]
