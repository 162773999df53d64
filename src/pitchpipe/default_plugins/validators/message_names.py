"""Whether speakers' names are names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._flagging import finding
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.default_plugins.validators._talks import TalkRule
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class MessageNames(TalkRule):
    """Finds names of speakers that the API does not take."""

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    rule: ClassVar[str] = "message-names"

    def _finding(self, places: Places) -> Finding:
        return finding(
            places,
            self.rule,
            Severity.ERROR,
            f"{rows(places.count)} with a name that is none",
            "1 to 64 of the letters a to z, A to Z, digits, _ and -",
        )
