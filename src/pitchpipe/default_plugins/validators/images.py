"""Whether there is something to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._places import rows
from pitchpipe.default_plugins.validators._talks import TalkRule, Tally, finding
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class Images(TalkRule):
    """Counts images, which only models with eyes learn from."""

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.NOTE
    kinds: ClassVar[tuple[str, ...]] = ("image",)

    def _finding(self, kind: str, tally: Tally) -> Finding:
        del kind
        images = "1 image" if tally.times == 1 else f"{tally.times} images"
        return finding(
            "images",
            tally,
            f"{rows(tally.places.count)} with {images}",
            "a base model that takes images; the service leaves out some that it may not use",
            severity=Severity.NOTE,
        )
