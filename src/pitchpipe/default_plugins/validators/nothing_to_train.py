"""Whether there is anything to learn from a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._fields import MESSAGES, cells
from pitchpipe.default_plugins.validators._flagging import Flagged, finding
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.default_plugins.validators._talks import TalkRule
from pitchpipe.records import Finding, Fix, FixLevel, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class DropSilent:
    """Drops the conversations in which the model says nothing that counts."""

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk without them."""
        if MESSAGES not in chunk.columns:
            return chunk
        kept = np.array([not _is_silent(cell) for cell in cells(chunk, MESSAGES)], dtype=np.bool_)
        return chunk.loc[kept]


@dataclass(frozen=True)
class NothingToTrain(TalkRule):
    """Finds conversations without a message of the model, or with none whose weight is not 0.

    With method reinforcement the model's answers are made in training, and none is needed.

    Attributes:
        level: whether they are dropped on request, or only when this rule is named.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    fixes: ClassVar[bool] = True
    rule: ClassVar[str] = "nothing-to-train"

    level: FixLevel = "recommended"

    def _flagged(self, chunk: pd.DataFrame) -> Flagged | None:
        return None if self._training.method == "reinforcement" else super()._flagged(chunk)

    def _finding(self, places: Places) -> Finding:
        return finding(
            places,
            self.rule,
            Severity.ERROR,
            f"{rows(places.count)} with nothing to train on",
            "at least one message of the assistant, of weight 1 or without weight",
            fix=Fix(f"drop {rows(places.count)}", DropSilent(), self.level),
        )


def _is_silent(messages: Any) -> bool:
    if not isinstance(messages, list) or not messages:
        return False
    if not all(isinstance(one, dict) and isinstance(one.get("role"), str) for one in messages):
        return False
    return not any(one["role"] == "assistant" and one.get("weight", 1) != 0 for one in messages)
