"""From records and requests of the API to plain text: what was asked, what to answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple


class Example(NamedTuple):
    """One thing to learn.

    Attributes:
        prompt: all that stands before the answer.
        answer: what to answer.
        other: what not to answer, for a preference; else None.
    """

    prompt: str
    answer: str
    other: str | None = None


def prompt_of(request: Mapping[str, Any]) -> str:
    """What a completion or chat completion request asks, "" if nothing."""
    if "messages" in request:
        return _conversation(request["messages"])
    return _text(request.get("prompt"))


def examples_of(record: Mapping[str, Any]) -> Iterator[Example]:
    """What a record teaches; nothing if it holds no answer.

    A chat record teaches every message of the assistant whose weight is not 0, in the order of the
    conversation.
    """
    if "preferred_output" in record:
        question = record.get("input")
        prompt = prompt_of(question) if isinstance(question, Mapping) else ""
        other = _conversation(record.get("non_preferred_output"))
        yield Example(prompt, _conversation(record["preferred_output"]), other)
    elif "messages" in record:
        messages = _messages(record["messages"])
        for place, message in enumerate(messages):
            if message.get("role") == "assistant" and message.get("weight") != 0:
                yield Example(_conversation(messages[:place]), _said(message))
    elif record.get("completion") is not None:
        yield Example(_text(record.get("prompt")), _text(record["completion"]))


def _messages(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [message for message in value if isinstance(message, Mapping)]


def _conversation(value: object) -> str:
    return "\n".join(map(_said, _messages(value)))


def _said(message: Mapping[str, Any]) -> str:
    parts = [_text(message.get("content"))]
    for call in _messages(message.get("tool_calls")):
        function = call.get("function")
        if isinstance(function, Mapping):
            parts.append(f"{_text(function.get('name'))}({_text(function.get('arguments'))})")
    return "\n".join(part for part in parts if part)


def _text(value: object) -> str:
    """A string as it is; the texts of a list of parts; "" for nothing; else as Python shows it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return _text(value.get("text"))
    if isinstance(value, Sequence):
        return " ".join(map(_text, value))
    return str(value)
