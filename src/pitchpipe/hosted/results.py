"""What a run of a backup did, and what it could not save."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pitchpipe.hosted.manifest import Why

MAX_NAMED = 100
"""Parts that are not saved and that a result names; ``not-saved.jsonl`` has them all."""


@dataclass(frozen=True)
class NotSaved:
    """A part of an object that is not in the folder.

    Attributes:
        where: the path that it would have, below the folder.
        why: what became of it.
        reason: in the service's words, or ours.
    """

    where: str
    why: Why
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.why}: {self.reason}"


@dataclass
class BackupResult:
    """What a run of a backup did.

    Attributes:
        saved: objects that were saved, by kind.
        unchanged: objects that were whole in the folder, by kind.
        bytes: content of files that was saved.
        not_saved: the first parts that are not saved.
        not_saved_count: how many such parts there are.
        notes: what the service does not have, and what no service gives.
        broken_off: why the run ended before its end, if it did.
        failures: how many parts are not saved that the service has.
    """

    saved: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    not_saved: list[NotSaved] = field(default_factory=list)
    not_saved_count: int = 0
    notes: list[str] = field(default_factory=list)
    broken_off: str | None = None
    failures: int = 0

    @property
    def complete(self) -> bool:
        """Whether everything is in the folder that the service has and can give."""
        return not self.failures and self.broken_off is None

    def to_json(self) -> dict[str, Any]:
        """The result as JSON."""
        return {
            "complete": self.complete,
            "saved": dict(self.saved),
            "unchanged": dict(self.unchanged),
            "bytes": self.bytes,
            "not_saved": [
                {"where": one.where, "why": one.why, "reason": one.reason} for one in self.not_saved
            ],
            "not_saved_count": self.not_saved_count,
            "notes": self.notes,
            "broken_off": self.broken_off,
        }
