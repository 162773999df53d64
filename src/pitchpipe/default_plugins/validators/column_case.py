"""Whether the prompt and completion columns are named in lower case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._columns import Columns
from pitchpipe.records import COMPLETION, PROMPT, Finding, Fix, Severity
from pitchpipe.stages import Scope, Validator


@dataclass(frozen=True)
class Rename:
    """Gives columns other names.

    Attributes:
        names: the new names, by the old ones.
    """

    names: Mapping[str, str]

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk under them."""
        return chunk.rename(columns=dict(self.names))


@dataclass(frozen=True)
class ColumnCase(Validator[Columns]):
    """Finds columns such as ``Prompt`` where there is no ``prompt``; they are read as that.

    Of several such columns the first is meant.
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
        """One note, with a fix that renames them."""
        meant = {role: state.meant(role) for role in (PROMPT, COMPLETION)}
        renamed = {name: role for role, name in meant.items() if name is not None and name != role}
        if not renamed:
            return []
        return [
            Finding(
                "column-case",
                Severity.NOTE,
                " and ".join(f"column {old!r} is read as {new!r}" for old, new in renamed.items()),
                count=state.rows,
                expected=" and ".join(map(repr, renamed.values())),
                before=next(iter(renamed)),
                after=next(iter(renamed.values())),
                fix=Fix(
                    f"rename {' and '.join(map(repr, renamed))}",
                    Rename(renamed),
                    "required",
                    uniform=True,
                ),
            )
        ]
