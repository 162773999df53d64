"""How many examples there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope, Validator

FEW = 100
"""Below this, ``prepare_data`` of the openai package 0.27.8 asked for more."""


@dataclass(frozen=True)
class ExampleCount(Validator[int]):
    """Says how many rows there are, and asks for a few hundred where there are fewer than 100."""

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.NOTE

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
        """One note."""
        if not state:
            return []
        return [
            Finding(
                "example-count",
                Severity.NOTE,
                f"the file holds {state} example{'s' * (state > 1)}",
                count=state,
                expected="a few hundred or more; every doubling makes a model better"
                if state < FEW
                else "",
            )
        ]
