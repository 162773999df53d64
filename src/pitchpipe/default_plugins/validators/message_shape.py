"""Whether messages are messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._places import rows
from pitchpipe.default_plugins.validators._talks import KEYS, TalkRule, Tally, finding
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class MessageShape(TalkRule):
    """Finds conversations that are no list of objects with a role, and keys that nobody knows.

    The API refuses a message with any other key than those of its specification and ``weight``.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    kinds: ClassVar[tuple[str, ...]] = ("no messages", "unknown key")

    def _finding(self, kind: str, tally: Tally) -> Finding:
        count = rows(tally.places.count)
        if kind == "no messages":
            message = f"{count} whose messages are no messages"
            expected = "a list of at least one object, each with a role (text) and content"
        else:
            message = f"{count} with a key in a message that the API does not know"
            expected = f"no other keys than {', '.join(KEYS)}"
        return finding("message-shape", tally, message, expected)
