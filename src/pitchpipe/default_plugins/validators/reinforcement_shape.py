"""Whether conversations end where the model is to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._talks import TalkRule
from pitchpipe.records import Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class ReinforcementShape(TalkRule):
    """Finds conversations for reinforcement that do not end on a message of the user's.

    There the model answers in training, and graders judge the answer.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    rule: ClassVar[str] = "reinforcement-shape"
    kinds: ClassVar[tuple[str, ...]] = ("not asked",)
