"""The kinds of records that models are trained on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pitchpipe.records import DEFAULT_MODEL, Format, Method

KindName = Literal["completion", "chat", "preference", "reinforcement"]


@dataclass(frozen=True)
class RecordKind:
    """Records of one format for one training method.

    Attributes:
        name: what messages call it.
        format: the record format.
        method: the training method that such records are for.
        holds: what a record holds, for messages.
        model: the base model that is trained where the user names none.
    """

    name: KindName
    format: Format
    method: Method
    holds: str
    model: str


_CHAT_MODEL = "gpt-4.1-mini-2025-04-14"

KINDS: Mapping[str, RecordKind] = {
    kind.name: kind
    for kind in (
        RecordKind(
            "completion", "completion", "supervised", "prompt and completion", DEFAULT_MODEL
        ),
        RecordKind("chat", "chat", "supervised", "messages", _CHAT_MODEL),
        RecordKind("preference", "preference", "dpo", "preferred and other answers", _CHAT_MODEL),
        # no other model takes this method: docs/reference/facts.md
        RecordKind(
            "reinforcement",
            "chat",
            "reinforcement",
            "messages that end on a question, and fields for a grader",
            "o4-mini-2025-04-16",
        ),
    )
}
"""By name. ``models.toml`` says which formats and methods a base model takes."""

CHAT_KEYS = frozenset({"messages", "tools", "parallel_tool_calls", "functions"})
"""The keys of a chat record; reinforcement records have further ones for graders."""


def kind_of(form: Format, method: Method | Literal["auto", ""]) -> RecordKind:
    """The kind of records in a format, of chat records by the method they are for."""
    return KINDS["reinforcement" if form == "chat" and method == "reinforcement" else form]


def is_graded(columns: Iterable[str], conversations: Sequence[Any]) -> bool:
    """Whether conversations can be nothing but reinforcement records.

    Each ends on the user's message, the model says nothing in any of them, and something besides
    the conversation is there for a grader to look at.
    """
    return (
        bool(conversations)
        and not CHAT_KEYS.issuperset(columns)
        and all(map(_is_question, conversations))
    )


def _is_question(messages: Any) -> bool:
    if not isinstance(messages, list) or not messages:
        return False
    roles = [message.get("role") for message in messages if isinstance(message, dict)]
    return len(roles) == len(messages) and roles[-1] == "user" and "assistant" not in roles
