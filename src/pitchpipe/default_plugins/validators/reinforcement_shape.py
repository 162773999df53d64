"""Whether conversations end where the model is to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._places import rows
from pitchpipe.default_plugins.validators._talks import TalkRule, Tally, finding
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class ReinforcementShape(TalkRule):
    """Finds conversations for reinforcement that do not end on a message of the user's.

    There the model answers in training, and graders judge the answer.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    kinds: ClassVar[tuple[str, ...]] = ("not asked",)

    def _finding(self, kind: str, tally: Tally) -> Finding:
        del kind
        return finding(
            "reinforcement-shape",
            tally,
            f"{rows(tally.places.count)} with a last message that is not the user's",
            "a last message of role user; put what is right into a field of its own for graders",
        )
