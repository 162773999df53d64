"""Whether the answer merely repeats the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import eq
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._fields import (
    INPUT,
    MESSAGES,
    Bools,
    answers,
    cells,
)
from pitchpipe.default_plugins.validators._flagging import Flagged, Flagging, finding
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.default_plugins.validators._text import text_of
from pitchpipe.records import PROMPT, Finding, Fix, FixLevel, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class CopiedOutput(Flagging):
    """Finds completions that are their prompt over again; such a model learns to repeat.

    White space around either does not count, nor what the formatter has put there. Of messages it
    is the last and the one before; of preferences the preferred output.

    Attributes:
        level: whether such rows are dropped on request, or only when this rule is named.
    """

    scope: ClassVar[Scope] = "source"
    fixes: ClassVar[bool] = True

    level: FixLevel = "optional"

    def copies(self, chunk: pd.DataFrame) -> tuple[Bools, Sequence[object]] | None:
        """The rows of a chunk that are copies, and all its answers; None when none is a copy."""
        asked, answered = self._asked(chunk), self._answered(chunk)
        separator = self._option("separator")
        if not separator or not _holds(text_of(chunk).joined(PROMPT), separator):
            texts = (set(map(type, asked)) | set(map(type, answered))) <= {str}
            if texts and not any(map(eq, map(str.strip, asked), map(str.strip, answered))):
                return None
        hits = np.array(list(map(self._is_copy, asked, answered)), dtype=np.bool_)
        return (hits, answered) if hits.any() else None

    def _flagged(self, chunk: pd.DataFrame) -> Flagged | None:
        return self.copies(chunk)

    def _finding(self, places: Places) -> Finding:
        return finding(
            places,
            "copied-output",
            Severity.WARNING,
            f"{rows(places.count)} whose completion is the prompt over again",
            "an answer; are the columns what they seem to be?",
            fix=Fix(f"drop {rows(places.count)}", DropCopies(self), self.level),
        )

    def _asked(self, chunk: pd.DataFrame) -> list[Any]:
        if self._contract.format == "preference" and INPUT in chunk.columns:
            inputs = cells(chunk, INPUT)
            return [
                _said(cell.get(MESSAGES) if isinstance(cell, dict) else cell) for cell in inputs
            ]
        if self._contract.format == "chat" and MESSAGES in chunk.columns:
            return [_said(cell, -2) for cell in cells(chunk, MESSAGES)]
        return cells(chunk, PROMPT)

    def _answered(self, chunk: pd.DataFrame) -> list[Any]:
        answered = answers(chunk, self._contract.format)
        return list(map(_said, answered)) if self._contract.format == "preference" else answered

    def _is_copy(self, asked: object, answered: object) -> bool:
        if not (isinstance(asked, str) and isinstance(answered, str)):
            return False
        if self._is_written(asked, answered):
            asked = asked.removesuffix(self._option("separator"))
            answered = answered.removeprefix(self._option("prefix"))
            answered = answered.removesuffix(self._option("suffix"))
        return asked.strip() == answered.strip() != ""


@dataclass(frozen=True)
class DropCopies:
    """Drops the rows that a rule takes for copies."""

    rule: CopiedOutput

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk without them; the same chunk when there are none."""
        found = self.rule.copies(chunk)
        return chunk if found is None else chunk.loc[~found[0]]


def _holds(text: str, part: str) -> bool:
    return part[0] in text and part in text  # one sign is looked for many times faster


def _said(value: Any, at: int = -1) -> Any:
    """A text as it is; of messages the content of one of them."""
    if isinstance(value, dict):
        value = value.get(MESSAGES)
    if isinstance(value, list) and len(value) >= -at and isinstance(value[at], dict):
        return value[at].get("content")
    return value if isinstance(value, str) else None
