"""Whether there is something to prefer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._fields import OUTPUTS, as_text, cells, is_empty
from pitchpipe.default_plugins.validators._flagging import Flagged, Flagging, finding
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.default_plugins.validators._talks import is_talk
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class PreferencePairs(Flagging):
    """Finds preferences whose two outputs are the same, or are not one answer of the model each."""

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR

    def _flagged(self, chunk: pd.DataFrame) -> Flagged | None:
        if self._contract.format != "preference":
            return None
        better, worse = (cells(chunk, column) for column in OUTPUTS)
        faults = [_fault(*pair) for pair in zip(better, worse, strict=True)]
        hits = np.array([fault is not None for fault in faults], dtype=np.bool_)
        return (hits, faults) if hits.any() else None

    def _finding(self, places: Places) -> Finding:
        return finding(
            places,
            "preference-pairs",
            Severity.ERROR,
            f"{rows(places.count)} whose outputs are the same, or not one answer each",
            "two different outputs, each of one message of the assistant",
        )


def _fault(better: Any, worse: Any) -> object:
    """What is wrong with two outputs; of empty ones another rule speaks."""
    if _is_answer(better) and _is_answer(worse) and _answer(better) != _answer(worse):
        return None
    if is_empty(better) or is_empty(worse):
        return None
    for output in (better, worse):
        if not _is_answer(output):
            return output
    return better if _answer(better) == _answer(worse) else None


def _is_answer(output: Any) -> bool:
    if not isinstance(output, list):
        return not isinstance(output, dict)
    return len(output) == 1 and is_talk(output) and output[0]["role"] == "assistant"


def _answer(output: Any) -> Mapping[str, Any]:
    """What an output says or does, whichever way it is written."""
    if not isinstance(output, list):
        return {"content": as_text(output)}
    return {
        key: value
        for key, value in output[0].items()
        if key not in ("role", "weight") and value is not None
    }
