"""Whether weights stand where they count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._fields import INPUT, MESSAGES, OUTPUTS
from pitchpipe.default_plugins.validators._places import rows
from pitchpipe.default_plugins.validators._talks import (
    TalkRule,
    Tally,
    as_weight,
    finding,
    is_talk,
    with_cells,
)
from pitchpipe.records import Finding, Fix, FixLevel, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class RightWeights:
    """Takes away weights of others than the model, and writes those of the model as numbers."""

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk with the weights that are meant."""
        return with_cells(chunk, [MESSAGES, INPUT, *OUTPUTS], _weighed)


@dataclass(frozen=True)
class MessageWeight(TalkRule):
    """Finds weights on messages that are not the model's, and weights other than 0 and 1.

    The fix takes away the former, which mean nothing, and makes numbers of true, false and digits
    in quotes. What other weights mean only their writer knows.

    Attributes:
        level: whether the fix is applied on request, or only when this rule is named.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    fixes: ClassVar[bool] = True
    kinds: ClassVar[tuple[str, ...]] = ("stray weight", "odd weight")

    level: FixLevel = "recommended"

    def _finding(self, kind: str, tally: Tally) -> Finding:
        count, expected = rows(tally.places.count), "0 or 1, on messages of the assistant only"
        if kind == "odd weight":
            message = f"{count} with a weight that is neither 0 nor 1"
            return finding("message-weight", tally, message, expected)
        return finding(
            "message-weight",
            tally,
            f"{count} with a weight that is not the assistant's, or no number",
            expected,
            Fix(f"take it away, or make it a number, in {count}", RightWeights(), self.level),
        )


def _weighed(cell: Any) -> Any:
    if isinstance(cell, dict) and MESSAGES in cell:
        return {**cell, MESSAGES: _weighed(cell[MESSAGES])}
    return list(map(_right, cell)) if is_talk(cell) else cell


def _right(message: dict[str, Any]) -> dict[str, Any]:
    weight = message.get("weight")
    if weight is None:
        return message
    if message["role"] != "assistant":
        return {key: value for key, value in message.items() if key != "weight"}
    meant = as_weight(weight)
    return message if meant is None else {**message, "weight": meant}
