"""Whether the answer merely repeats the question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._fields import MESSAGES, answers, cells
from pitchpipe.default_plugins.validators._flagging import Flagged, Flagging, finding
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.records import PROMPT, Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class CopiedOutput(Flagging):
    """Finds completions that are their prompt over again; such a model learns to repeat.

    White space around either does not count.
    """

    scope: ClassVar[Scope] = "source"

    def _flagged(self, chunk: pd.DataFrame) -> Flagged | None:
        if self._contract.format == "preference":
            return None
        asked = _last_questions(chunk) if MESSAGES in chunk.columns else cells(chunk, PROMPT)
        answered = answers(chunk, self._contract.format)
        if set(map(type, asked)) | set(map(type, answered)) <= {str}:
            pairs = zip(map(str.strip, asked), map(str.strip, answered), strict=True)
            hits = np.array([a == b != "" for a, b in pairs], dtype=np.bool_)
        else:
            hits = np.array(list(map(_is_copy, asked, answered)), dtype=np.bool_)
        return (hits, answered) if hits.any() else None

    def _finding(self, places: Places) -> Finding:
        return finding(
            places,
            "copied-output",
            Severity.WARNING,
            f"{rows(places.count)} whose completion is the prompt over again",
            "an answer; are the columns what they seem to be?",
        )


def _is_copy(asked: object, answered: object) -> bool:
    if not (isinstance(asked, str) and isinstance(answered, str)):
        return False
    return asked.strip() == answered.strip() != ""


def _last_questions(chunk: pd.DataFrame) -> list[object]:
    """What the user said last before each closing answer."""
    return [
        messages[-2].get("content")
        if isinstance(messages, list) and len(messages) > 1 and isinstance(messages[-2], dict)
        else None
        for messages in cells(chunk, MESSAGES)
    ]
