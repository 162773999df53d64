"""Whether messages are messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._talks import TalkRule
from pitchpipe.records import Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class MessageShape(TalkRule):
    """Finds what is not a list of messages, and keys of messages that the API does not take.

    The API refuses a message with any other key than those of its specification and ``weight``, and
    most keys without a value. The fixes read messages that are the text of JSON, put a single
    message into a list, take out keys that hold nothing, and those that SDKs and services add to
    answers, such as ``annotations``. A key that may mean something is not taken out.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    fixes: ClassVar[bool] = True
    rule: ClassVar[str] = "message-shape"
    kinds: ClassVar[tuple[str, ...]] = (
        "text messages",
        "wrapping",
        "null keys",
        "padding",
        "side keys",
        "no messages",
        "no message",
        "unknown key",
    )
