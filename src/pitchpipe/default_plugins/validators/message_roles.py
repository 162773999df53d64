"""Whether only those speak who may, and the model last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._fields import MESSAGES
from pitchpipe.default_plugins.validators._places import rows
from pitchpipe.default_plugins.validators._talks import (
    PARTS,
    TalkRule,
    Tally,
    finding,
    lessons,
    with_cells,
)
from pitchpipe.records import Finding, Fix, FixLevel, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class CutEnds:
    """Cuts off what is said after the model's last message."""

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk without it."""
        return with_cells(chunk, [MESSAGES], _cut)


@dataclass(frozen=True)
class MessageRoles(TalkRule):
    """Finds roles that the API does not know, and conversations that end on others than the model.

    What is said after the model's last message teaches nothing, and the service refuses it. The fix
    cuts it off.

    Attributes:
        level: whether it is cut off on request, or only when this rule is named.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    fixes: ClassVar[bool] = True
    kinds: ClassVar[tuple[str, ...]] = ("unknown role", "no last word")

    level: FixLevel = "recommended"

    def _finding(self, kind: str, tally: Tally) -> Finding:
        count = rows(tally.places.count)
        if kind == "unknown role":
            message, expected = (
                f"{count} with a role that there is not",
                f"one of {', '.join(PARTS)}",
            )
            return finding("message-roles", tally, message, expected)
        return finding(
            "message-roles",
            tally,
            f"{count} with messages after the assistant's last",
            "a last message of the assistant",
            Fix(f"cut off what follows it in {count}", CutEnds(), self.level),
        )


def _cut(messages: Any) -> Any:
    end = lessons(messages)
    return messages[:end] if end else messages
