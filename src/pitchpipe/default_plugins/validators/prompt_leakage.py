"""Whether a validation record's prompt was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._digests import Remembered, digest
from pitchpipe.default_plugins.validators._fields import FormatAware, questions
from pitchpipe.default_plugins.validators._places import lowest, rows
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class PromptLeakage(FormatAware[Remembered]):
    """Finds validation records whose prompt is also in training, which makes scores too good.

    It remembers 24 bytes a record.
    """

    scope: ClassVar[Scope] = "split"

    def start(self) -> Remembered:
        """No records."""
        return Remembered()

    def observe(self, state: Remembered, chunk: pd.DataFrame) -> Remembered:
        """Adds the chunk's records."""
        held_out = np.array([side == "valid" for side in chunk["split"]], dtype=np.uint64)
        prompts = digest([questions(chunk, self._contract.format)])
        return state.add(chunk, prompts, held_out)

    def merge(self, a: Remembered, b: Remembered) -> Remembered:
        """The records of both."""
        return a + b

    def conclude(self, state: Remembered) -> Sequence[Finding]:
        """One warning for all of them."""
        lines, run, sides = state.table()
        if not len(lines):
            return []
        held_out = sides == 1
        trained = np.zeros(run[-1] + 1, dtype=np.bool_)
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
