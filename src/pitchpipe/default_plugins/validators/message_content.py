"""Whether messages say something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._places import rows
from pitchpipe.default_plugins.validators._talks import TalkRule, Tally, finding
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class MessageContent(TalkRule):
    """Finds content that is missing, or neither text nor parts that the speaker's role may have.

    Only a message of the model may have none, and only if it calls tools or refuses. All may have
    parts of text, the user images, sound and files besides, and the model one part that refuses.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    kinds: ClassVar[tuple[str, ...]] = ("no content", "odd content", "odd part")

    def _finding(self, kind: str, tally: Tally) -> Finding:
        message, expected = {
            "no content": (
                "a message without content",
                "content in every message, unless the assistant calls tools or refuses",
            ),
            "odd content": (
                "content that is neither text nor parts",
                "text, or a list of at least one part",
            ),
            "odd part": (
                "a part of content that is none, or not for that role",
                "parts with a type and a key of that name: text; from the user image_url (with a "
                "url), input_audio (with data and format) and file; from the assistant a refusal, "
                "by itself",
            ),
        }[kind]
        return finding(
            "message-content", tally, f"{rows(tally.places.count)} with {message}", expected
        )
