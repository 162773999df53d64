"""Whether only those speak who may, and the model last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._fields import MESSAGES
from pitchpipe.default_plugins.validators._talks import TalkRule, with_cells
from pitchpipe.formats.conversations import learnable_length
from pitchpipe.records import Fix, FixLevel, Severity
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
    cuts it off. Another fix writes roles in small letters, and ``human`` as user, ``gpt``, ``bot``,
    ``chatbot``, ``model`` and ``ai`` as assistant.

    Attributes:
        level: whether the fixes are applied on request, or only when this rule is named.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    fixes: ClassVar[bool] = True
    rule: ClassVar[str] = "message-roles"
    kinds: ClassVar[tuple[str, ...]] = ("spelled role", "unknown role", "no last word")

    level: FixLevel = "recommended"

    def _level(self, usual: FixLevel) -> FixLevel:
        del usual
        return self.level

    def _fix(self, kind: str, count: str) -> Fix | None:
        if kind == "no last word":
            return Fix(f"cut off what follows it in {count}", CutEnds(), self.level)
        return super()._fix(kind, count)


def _cut(messages: Any) -> Any:
    end = learnable_length(messages)
    return messages[:end] if end else messages
