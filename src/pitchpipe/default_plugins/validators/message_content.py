"""Whether messages say something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._flagging import finding
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.default_plugins.validators._talks import PARTS, TalkRule
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class MessageContent(TalkRule):
    """Finds content that is neither text nor a list of parts, or is missing.

    Only a message of the model may have none, and only if it calls tools or refuses.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    rule: ClassVar[str] = "message-content"

    def _finding(self, places: Places) -> Finding:
        return finding(
            places,
            self.rule,
            Severity.ERROR,
            f"{rows(places.count)} with a message without content that can be read",
            f"text, or parts of type {', '.join(PARTS)}, each with a key of that name",
        )
