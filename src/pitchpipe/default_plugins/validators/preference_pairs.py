"""Whether there is something to prefer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._talks import DropFaulty, TalkRule
from pitchpipe.records import Fix, FixLevel, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class PreferencePairs(TalkRule):
    """Finds preferences whose outputs are the same, or are not one message of the model each.

    The fix drops the rows whose outputs are the same. Where an output leads to its answer through
    calls of tools, only the last message can be preferred; what leads there is input.

    Attributes:
        level: whether the fix is applied on request, or only when this rule is named.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    fixes: ClassVar[bool] = True
    rule: ClassVar[str] = "preference-pairs"
    kinds: ClassVar[tuple[str, ...]] = (
        "several answers",
        "foreign answer",
        "odd output",
        "same answers",
    )

    level: FixLevel = "recommended"

    def _fix(self, kind: str, count: str) -> Fix | None:
        if kind != "same answers":
            return None
        return Fix(f"drop {count}", DropFaulty(kind, self._contract.format), self.level)
