"""Whether there is anything to learn from a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._fields import MESSAGES, cells
from pitchpipe.default_plugins.validators._talks import TalkRule
from pitchpipe.formats.conversations import learnable_length
from pitchpipe.records import Fix, FixLevel, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class DropSilent:
    """Drops the conversations in which the model says nothing that counts."""

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk without them."""
        kept = [learnable_length(cell) != 0 for cell in cells(chunk, MESSAGES)]
        return chunk.loc[np.array(kept, dtype=np.bool_)]


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
    kinds: ClassVar[tuple[str, ...]] = ("nothing to learn",)

    level: FixLevel = "recommended"

    def _fix(self, kind: str, count: str) -> Fix:
        del kind
        return Fix(f"drop {count}", DropSilent(), self.level)
