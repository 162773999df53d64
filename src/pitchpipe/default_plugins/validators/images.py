"""Whether there is something to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._flagging import finding
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.default_plugins.validators._talks import TalkRule
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class Images(TalkRule):
    """Counts conversations with images, which only models with eyes learn from."""

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.NOTE
    rule: ClassVar[str] = "images"

    def _finding(self, places: Places) -> Finding:
        return finding(
            places,
            self.rule,
            Severity.NOTE,
            f"{rows(places.count)} with an image",
            "a base model that takes images; the service leaves out some that it may not use",
        )
