"""Whether a table of prompts and completions has more columns than those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._columns import Columns
from pitchpipe.records import COMPLETION, PROMPT, Finding, Fix, Severity
from pitchpipe.stages import Scope, Validator


@dataclass(frozen=True)
class Drop:
    """Leaves columns out."""

    columns: tuple[str, ...]

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk without them."""
        return chunk.drop(columns=list(self.columns), errors="ignore")


@dataclass(frozen=True)
class AdditionalColumns(Validator[Columns]):
    """Names the columns beside ``prompt`` and ``completion``, which go into no record.

    Only tables that have these two, in whatever case, are looked at.
    """

    scope: ClassVar[Scope] = "table"
    severity: ClassVar[Severity] = Severity.NOTE
    fixes: ClassVar[bool] = True

    def start(self) -> Columns:
        """No columns."""
        return Columns()

    def observe(self, state: Columns, chunk: pd.DataFrame) -> Columns:
        """Adds the chunk's columns."""
        return state + Columns.of(chunk)

    def merge(self, a: Columns, b: Columns) -> Columns:
        """The columns of both."""
        return a + b

    def conclude(self, state: Columns) -> Sequence[Finding]:
        """One note, with a fix that leaves them out."""
        kept = {state.meant(PROMPT), state.meant(COMPLETION)}
        extra = tuple(name for name in state.names if name not in kept)
        if None in kept or not extra:
            return []
        return [
            Finding(
                "additional-columns",
                Severity.NOTE,
                f"{', '.join(map(repr, extra))} will be left out",
                count=state.rows,
                expected=f"no columns but {PROMPT!r} and {COMPLETION!r}",
                before=extra[0],
                fix=Fix(f"leave out {', '.join(map(repr, extra))}", Drop(extra), "required", True),
            )
        ]
