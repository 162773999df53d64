"""Whether plain columns hold text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._fields import OUTPUTS
from pitchpipe.default_plugins.validators._flagging import (
    Flagged,
    Flagging,
    finding,
    flag_cells,
)
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.default_plugins.validators._text import text_of
from pitchpipe.records import COMPLETION, PROMPT, Finding, Severity
from pitchpipe.stages import Scope

_SIMPLE = {str, int, float, bool, type(None)}


@dataclass(frozen=True)
class TextFields(Flagging):
    """Finds lists and objects where text is needed, which nobody writes into a prompt as they are.

    Numbers and booleans are text as JSON writes them, and fine.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR

    def _flagged(self, chunk: pd.DataFrame) -> Flagged | None:
        plain = (PROMPT,) if set(OUTPUTS) & set(chunk.columns) else (PROMPT, COMPLETION)
        columns = [
            column
            for column in plain
            if column in chunk.columns and not text_of(chunk).kinds(column) <= _SIMPLE
        ]
        return flag_cells(chunk, columns, _fault) if columns else None

    def _finding(self, places: Places) -> Finding:
        return finding(
            places,
            "text-fields",
            Severity.ERROR,
            f"{rows(places.count)} with a list or an object in place of text",
            "text, a number or a boolean; write it as the text that a model is to read or say",
        )


def _fault(cell: Any) -> object:
    return cell if isinstance(cell, list | dict) else None
