"""Whether messages say something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._talks import DropFaulty, TalkRule
from pitchpipe.records import Fix, FixLevel, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class MessageContent(TalkRule):
    """Finds content that is missing, blank, or neither text nor parts that the role may have.

    Only a message of the model may have none, and only if it calls tools or refuses. All may have
    parts of text, the user images besides, and the model one part that refuses; the API does not
    fine-tune on sound and files. One fix writes the parts of other APIs, numbers and the results of
    tools as content; another drops the rows whose last message, which is to be learnt, is blank.

    Attributes:
        level: whether the fixes are applied on request, or only when this rule is named.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    fixes: ClassVar[bool] = True
    rule: ClassVar[str] = "message-content"
    kinds: ClassVar[tuple[str, ...]] = (
        "spelled content",
        "no content",
        "odd content",
        "odd part",
        "unsupported part",
        "blank answer",
    )

    level: FixLevel = "recommended"

    def _level(self, usual: FixLevel) -> FixLevel:
        del usual
        return self.level

    def _fix(self, kind: str, count: str) -> Fix | None:
        if kind == "blank answer":
            return Fix(f"drop {count}", DropFaulty(kind, self._contract.format), self.level)
        return super()._fix(kind, count)
