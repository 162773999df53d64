"""Whether speakers' names are names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._places import rows
from pitchpipe.default_plugins.validators._talks import TalkRule, Tally, finding
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class MessageNames(TalkRule):
    """Finds names of speakers that the API does not take, and functions that answer without one."""

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    kinds: ClassVar[tuple[str, ...]] = ("odd name",)

    def _finding(self, kind: str, tally: Tally) -> Finding:
        del kind
        return finding(
            "message-names",
            tally,
            f"{rows(tally.places.count)} with a name that is none",
            "1 to 64 characters, none of them white space, <, >, |, / or \\; of functions only "
            "letters from a to z, digits, _ and -",
        )
