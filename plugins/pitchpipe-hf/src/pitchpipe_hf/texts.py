"""The texts in records and requests of the API, whatever shape they have there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pitchpipe.calls import calls_of, calls_text

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
        keep_calls: whether the template writes calls of tools; else they become one line of JSON.
    """
    role = message.get("role") or "user"
    said = text_of(message.get("content")) or text_of(message.get("refusal"))
    found = {
        "role": "system" if role == "developer" else str(role),
        "content": without_halves(said),
    }
    calls = calls_of(message)
    if calls and keep_calls:
        listed = messages_of(message.get("tool_calls"))
        return found | {"tool_calls": listed or [_listed(message["function_call"])]}
    line = without_halves(calls_text(calls)) if calls else ""
    return found | {"content": "\n".join(filter(None, [found["content"], line]))}


def tools_of(record: Record) -> list[Record] | None:
    """The tools that a record or a request declares, as ``tools`` has them; None for none."""
    tools = messages_of(record.get("tools"))
    functions = messages_of(record.get("functions"))
    return [*tools, *({"type": "function", "function": each} for each in functions)] or None


def _listed(call: Record) -> Record:
    """A ``function_call`` as an entry of ``tool_calls``."""
    return {"type": "function", "function": call}


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
