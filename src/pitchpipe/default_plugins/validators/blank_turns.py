"""Whether the model would learn to say nothing in the middle of a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._talks import TalkRule
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class BlankTurns(TalkRule):
    """Finds blank messages of the model before its last, which it learns as they are.

    Blank last messages are for rule ``message-content``.
    """

    scope: ClassVar[Scope] = "source"
    rule: ClassVar[str] = "blank-turns"
    kinds: ClassVar[tuple[str, ...]] = ("blank turn",)
