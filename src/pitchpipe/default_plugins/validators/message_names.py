"""Whether speakers' names are names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._talks import TalkRule
from pitchpipe.records import Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class MessageNames(TalkRule):
    """Finds names of speakers that the API does not take, and functions that answer without one."""

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    rule: ClassVar[str] = "message-names"
    kinds: ClassVar[tuple[str, ...]] = ("odd name",)
