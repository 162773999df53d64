"""Whether conversations end where the model is to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._fields import MESSAGES, cells
from pitchpipe.default_plugins.validators._flagging import Flagged, Flagging, finding, flag_cells
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope

_LAST = ("user", "tool")


@dataclass(frozen=True)
class ReinforcementShape(Flagging):
    """Finds conversations for reinforcement that do not end on a message of the user's.

    There the model answers in training, and graders judge the answer; a tool's answer may come
    last as well.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR

    def _flagged(self, chunk: pd.DataFrame) -> Flagged | None:
        if self._training.method != "reinforcement" or MESSAGES not in chunk.columns:
            return None
        if all(map(_goes_on, cells(chunk, MESSAGES))):
            return None
        return flag_cells(chunk, [MESSAGES], lambda cell: None if _goes_on(cell) else cell)

    def _finding(self, places: Places) -> Finding:
        return finding(
            places,
            "reinforcement-shape",
            Severity.ERROR,
            f"{rows(places.count)} that do not end on a message of the user's",
            "a last message of role user; put what is right into a field of its own for graders",
        )


def _goes_on(messages: Any) -> bool:
    if not isinstance(messages, list) or not messages or not isinstance(messages[-1], dict):
        return True  # no conversation, which is for another rule to say
    return messages[-1].get("role") in _LAST
