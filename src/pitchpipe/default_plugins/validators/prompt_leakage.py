"""Whether a validation record's prompt was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._digests import Remembered
from pitchpipe.default_plugins.validators._places import lowest, rows
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope, Validator


@dataclass(frozen=True)
class PromptLeakage(Validator[Remembered]):
    """Finds validation records whose prompt is also in training, which makes scores too good."""

    scope: ClassVar[Scope] = "split"

    def start(self) -> Remembered:
        """No records."""
        return Remembered()

    def observe(self, state: Remembered, chunk: pd.DataFrame) -> Remembered:
        """Adds the chunk's records."""
        held_out = (chunk["split"] == "valid").to_numpy()
        return state.add(chunk.assign(split=held_out), "prompt", "split")

    def merge(self, a: Remembered, b: Remembered) -> Remembered:
        """The records of both."""
        return a + b

    def conclude(self, state: Remembered) -> Sequence[Finding]:
        """One warning for all of them."""
        lines, run, sides = state.repeats()
        held_out = sides.astype(bool)
        trained = np.zeros(len(run), dtype=np.bool_)
        trained[run[~held_out]] = True
        hits = lines[held_out & trained[run]]
        if not len(hits):
            return []
        return [
            Finding(
                "prompt-leakage",
                Severity.WARNING,
                f"{rows(len(hits))} held out whose prompt is trained on too",
                count=len(hits),
                lines=lowest(hits),
                unit=state.unit,
                expected="each prompt on one side; split with keep_prompts_together",
            )
        ]
