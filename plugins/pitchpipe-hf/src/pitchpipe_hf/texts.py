"""The texts in records and requests of the API, whatever shape they have there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]


def messages_of(value: object) -> list[Record]:
    """The messages in a list of them; nothing else counts."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [message for message in value if isinstance(message, Mapping)]


def plain(message: Record, *, keep_calls: bool) -> dict[str, Any]:
    """A message as templates know it: with its content as one text.

    Args:
        message: of the API.
        keep_calls: whether the template writes calls of tools; else they become text.
    """
    role = message.get("role") or "user"
    found = {
        "role": "system" if role == "developer" else str(role),
        "content": without_halves(text_of(message.get("content"))),
    }
    calls = messages_of(message.get("tool_calls"))
    if calls and keep_calls:
        return found | {"tool_calls": calls}
    functions = [f for call in calls if isinstance(f := call.get("function"), Mapping)]
    written = [f"{text_of(f.get('name'))}({text_of(f.get('arguments'))})" for f in functions]
    return found | {"content": "\n".join(filter(None, [found["content"], *written]))}


def text_of(value: object) -> str:
    """A string as it is; the texts of a list of parts; "" for nothing; else as Python shows it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return text_of(value.get("text"))
    if isinstance(value, Sequence):
        return "".join(map(text_of, value))
    return str(value)


def without_halves(text: str) -> str:
    """Text without halves of surrogate pairs, which no tokenizer takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
