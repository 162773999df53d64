"""Whether there is something to prefer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._fields import OUTPUTS, cells, is_empty
from pitchpipe.default_plugins.validators._flagging import Flagged, Flagging, finding
from pitchpipe.default_plugins.validators._places import Places, rows
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
        hits = np.array(
            [
                not (is_empty(a) or is_empty(b)) and (_said(a) == _said(b) or not _are_one(a, b))
                for a, b in zip(better, worse, strict=True)
            ],
            dtype=np.bool_,
        )
        return (hits, better) if hits.any() else None

    def _finding(self, places: Places) -> Finding:
        return finding(
            places,
            "preference-pairs",
            Severity.ERROR,
            f"{rows(places.count)} whose outputs are the same, or not one answer each",
            "two different outputs, each of one message of the assistant",
        )


def _said(output: Any) -> object:
    if isinstance(output, list) and len(output) == 1 and isinstance(output[0], dict):
        return output[0].get("content", output)
    return output


def _are_one(*outputs: Any) -> bool:
    return all(
        not isinstance(output, list)
        or (
            len(output) == 1
            and isinstance(output[0], dict)
            and output[0].get("role") == "assistant"
        )
        for output in outputs
    )
