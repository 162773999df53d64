"""Conversations that take turns in plain text, which is all that some formats can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pitchpipe_formats.fields import Message, Record, UnfitError, said, shown

MESSAGES = "messages"
_SYSTEM = ("system", "developer")


@dataclass(frozen=True)
class Turns:
    """A conversation of plain texts.

    Attributes:
        system: what it begins with, None for nothing.
        pairs: what the user said and the model answered, in turns.
    """

    system: str | None
    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, record: Record) -> Turns:
        """The turns of a chat record.

        Raises:
            UnfitError: it holds more than that, and something would be lost.
        """
        refuse_others(record, (MESSAGES,))
        spoken = [_plain(message) for message in record[MESSAGES]]
        system = spoken.pop(0)[1] if spoken[0][0] in _SYSTEM else None
        roles = [role for role, _ in spoken]
        if not spoken or roles != ["user", "assistant"] * (len(spoken) // 2):
            raise UnfitError(
                MESSAGES, f"expected user and assistant by turns, the user first; found {roles}."
            )
        texts = [content for _, content in spoken]
        return cls(system, tuple(zip(texts[::2], texts[1::2], strict=True)))


def conversation(system: str | None, pairs: list[tuple[str, str]], last: str) -> list[Message]:
    """The messages of a conversation up to what the user says last."""
    found = [said("system", system)] if system else []
    for asked, answered in pairs:
        found += [said("user", asked), said("assistant", answered)]
    return [*found, said("user", last)]


def refuse_others(record: Record, known: tuple[str, ...]) -> None:
    """Refuses a record with fields that the wanted format has no place for.

    Raises:
        UnfitError: it has one.
    """
    for key in record:
        if key not in known:
            raise UnfitError(key, "the wanted format has no place for it; take it out first.")


def _plain(message: Mapping[str, Any]) -> tuple[str, str]:
    role, content = message["role"], message.get("content")
    more = sorted(message.keys() - {"role", "content"})
    if more or not isinstance(content, str):
        found = f"with {', '.join(more)}" if more else f"of {shown(content)}"
        raise UnfitError(MESSAGES, f"expected messages of text alone; found one {found}.")
    return role, content
