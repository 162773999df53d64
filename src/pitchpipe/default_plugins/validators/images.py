"""Whether there is something to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._places import rows
from pitchpipe.default_plugins.validators._talks import TalkRule, Tally
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class Images(TalkRule):
    """Counts images, which only models with eyes learn from."""

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.NOTE
    rule: ClassVar[str] = "images"
    kinds: ClassVar[tuple[str, ...]] = ("image",)

    def _finding(self, kind: str, tally: Tally) -> Finding:
        del kind
        images = "1 image" if tally.times == 1 else f"{tally.times} images"
        places = tally.places
        return Finding(
            self.rule,
            Severity.NOTE,
            f"{rows(places.count)} with {images}",
            places.count,
            places.lines,
            places.unit,
            "a base model that takes images; the service leaves out some that it may not use",
            places.example,
        )
