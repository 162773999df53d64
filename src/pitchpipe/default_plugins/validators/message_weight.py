"""Whether weights stand where they count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._flagging import finding
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.default_plugins.validators._talks import TalkRule, with_messages
from pitchpipe.records import Finding, Fix, FixLevel, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class DropWeights:
    """Takes away weights that mean nothing: of others than the model, and neither 0 nor 1."""

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk without them."""
        return with_messages(chunk, _weighed)


@dataclass(frozen=True)
class MessageWeight(TalkRule):
    """Finds weights on messages that are not the model's, and weights other than 0 and 1.

    Attributes:
        level: whether they are taken away on request, or only when this rule is named.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    fixes: ClassVar[bool] = True
    rule: ClassVar[str] = "message-weight"

    level: FixLevel = "recommended"

    def _finding(self, places: Places) -> Finding:
        return finding(
            places,
            self.rule,
            Severity.ERROR,
            f"{rows(places.count)} with a weight that means nothing",
            "0 or 1, on messages of the assistant only",
            fix=Fix(f"take it away in {rows(places.count)}", DropWeights(), self.level),
        )


def _weighed(message: dict[str, Any]) -> dict[str, Any]:
    weight = message.get("weight")
    counts = message.get("role") == "assistant" and not isinstance(weight, bool)
    if counts and weight in (0, 1):
        return message
    return {key: value for key, value in message.items() if key != "weight"}
