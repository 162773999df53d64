"""Whether weights stand where they count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._talks import TalkRule
from pitchpipe.records import FixLevel, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class MessageWeight(TalkRule):
    """Finds weights on messages that are not the model's, and weights other than 0 and 1.

    The fix takes away the former, which mean nothing, and makes whole numbers of ``true``, ``1.0``
    and digits in quotes. What other weights mean only their writer knows.

    Attributes:
        level: whether the fix is applied on request, or only when this rule is named.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    fixes: ClassVar[bool] = True
    rule: ClassVar[str] = "message-weight"
    kinds: ClassVar[tuple[str, ...]] = ("stray weight", "odd weight")

    level: FixLevel = "recommended"

    def _level(self, usual: FixLevel) -> FixLevel:
        del usual
        return self.level
