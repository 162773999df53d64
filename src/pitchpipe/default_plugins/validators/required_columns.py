"""Whether the columns that records are made from are there."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._fields import ALTERNATIVES, FormatAware, chosen
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope, ValidatorCapabilities

RequiredColumnsState = tuple[int, frozenset[str]]
"""Rows seen, and the columns that any chunk had."""


@dataclass(frozen=True)
class RequiredColumns(FormatAware[RequiredColumnsState]):
    """Finds columns missing that the format's records cannot be made without."""

    capabilities = ValidatorCapabilities(silent=False)

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR

    def start(self) -> RequiredColumnsState:
        """No rows, no columns."""
        return 0, frozenset()

    def observe(self, state: RequiredColumnsState, chunk: pd.DataFrame) -> RequiredColumnsState:
        """Adds the chunk's columns."""
        return state[0] + len(chunk), state[1].union(map(str, chunk.columns))

    def merge(self, a: RequiredColumnsState, b: RequiredColumnsState) -> RequiredColumnsState:
        """The columns of both."""
        return a[0] + b[0], a[1] | b[1]

    def conclude(self, state: RequiredColumnsState) -> Sequence[Finding]:
        """One error that names all missing columns, with those found."""
        count, found = state
        record_format = self._contract.format
        missing = [c for c in chosen(record_format, found) if c not in found]
        if not missing:
            return []
        close = [
            f"{c!r} may be {match[0]!r}"
            for c in missing
            if (match := difflib.get_close_matches(c, sorted(found), n=1))
        ]
        choices = " or ".join(" + ".join(columns) for columns in ALTERNATIVES[record_format])
        expected = f"the columns {choices}; found {', '.join(map(repr, sorted(found))) or 'none'}"
        if close:
            expected += f"; {', '.join(close)}"
        return [
            Finding(
                "required-columns",
                Severity.ERROR,
                f"no column {' and no column '.join(map(repr, missing))}",
                count=count,
                expected=expected,
            )
        ]
