"""Whether an example is too long to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._affixes import texts_of
from pitchpipe.default_plugins.validators._fields import Bools, cells
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.records import COMPLETION, PROMPT, Finding, Fix, FixLevel, Severity
from pitchpipe.stages import Scope, Validator


@dataclass(frozen=True)
class DropLong:
    """Drops the rows whose prompt and completion have more characters than the limit."""

    limit: int

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk without them."""
        return chunk.loc[~_long(chunk, self.limit)]


@dataclass(frozen=True)
class LongExamplesState:
    """What was seen.

    Attributes:
        places: the long rows.
        asks: whether any prompt holds anything.
    """

    places: Places = field(default_factory=Places)
    asks: bool = False


@dataclass(frozen=True)
class LongExamples(Validator[LongExamplesState]):
    """Finds rows whose prompt and completion have more than 10000 characters together.

    As ``prepare_data`` of the openai package 0.27.8 counted. Texts that are to be continued from
    nothing may be as long as they are.

    Attributes:
        limit: the most characters.
        level: whether the fix, which drops them, is applied without being named.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.WARNING
    fixes: ClassVar[bool] = True

    limit: int = 10_000
    level: FixLevel = "optional"

    def start(self) -> LongExamplesState:
        """No rows."""
        return LongExamplesState()

    def observe(self, state: LongExamplesState, chunk: pd.DataFrame) -> LongExamplesState:
        """Adds the chunk's rows."""
        long = _long(chunk, self.limit)
        examples = cells(chunk, COMPLETION) if long.any() else ()
        seen = LongExamplesState(Places.at(chunk, long, examples), any(texts_of(chunk, PROMPT)))
        return self.merge(state, seen)

    def merge(self, a: LongExamplesState, b: LongExamplesState) -> LongExamplesState:
        """The rows of both."""
        return LongExamplesState(a.places + b.places, a.asks or b.asks)

    def conclude(self, state: LongExamplesState) -> Sequence[Finding]:
        """One warning for all of them."""
        places = state.places
        if not places.count or not state.asks:
            return []
        return [
            Finding(
                "long-examples",
                Severity.WARNING,
                f"{rows(places.count)} of more than {self.limit} characters",
                count=places.count,
                lines=places.lines,
                unit=places.unit,
                expected=f"prompt and completion to have at most {self.limit} characters together",
                before=places.example,
                fix=Fix(f"drop {rows(places.count)}", DropLong(self.limit), self.level),
            )
        ]


def _long(chunk: pd.DataFrame, limit: int) -> Bools:
    """Which rows have more characters than the limit."""
    columns = (PROMPT, COMPLETION)
    if sum(max(map(len, texts_of(chunk, column)), default=0) for column in columns) <= limit:
        return np.zeros(len(chunk), dtype=np.bool_)
    lengths = np.zeros(len(chunk), dtype=np.int64)
    for column in columns:
        lengths += [len(cell) if isinstance(cell, str) else 0 for cell in cells(chunk, column)]
    return lengths > limit
