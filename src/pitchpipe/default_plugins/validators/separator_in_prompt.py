"""Whether a prompt has the separator in it already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._fields import FormatAware, cells
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.default_plugins.validators._text import text_of
from pitchpipe.records import COMPLETION, PROMPT, Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class SeparatorInPrompt(FormatAware[Places]):
    """Finds prompts of the completion format that hold the separator, which should end them only.

    Rows that are records already are left alone. There is no fix: what to put in the separator's
    place is the writer's to say.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR

    def start(self) -> Places:
        """No rows."""
        return Places()

    def observe(self, state: Places, chunk: pd.DataFrame) -> Places:
        """Adds the chunk's rows."""
        separator = self._option("separator")
        if self._contract.format != "completion" or not separator:
            return state
        if separator not in text_of(chunk).joined(PROMPT):
            return state
        prompts = cells(chunk, PROMPT)
        hits = np.array([isinstance(p, str) and separator in p for p in prompts], dtype=np.bool_)
        if hits.any():
            completions = cells(chunk, COMPLETION)
            for at in np.flatnonzero(hits).tolist():
                hits[at] = not self._is_written(prompts[at], completions[at])
        return state + Places.at(chunk, hits, prompts)

    def merge(self, a: Places, b: Places) -> Places:
        """The rows of both."""
        return a + b

    def conclude(self, state: Places) -> Sequence[Finding]:
        """One error for all of them."""
        if not state.count:
            return []
        separator = self._option("separator")
        return [
            Finding(
                "separator-in-prompt",
                Severity.ERROR,
                f"{rows(state.count)} whose prompt has the separator {separator!r} in it",
                count=state.count,
                lines=state.lines,
                unit=state.unit,
                expected="the separator at the end of a prompt only, where formatting puts it; "
                "take it out of the prompts, or choose another separator",
                before=state.example,
            )
        ]
