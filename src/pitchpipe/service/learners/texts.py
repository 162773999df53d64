"""From records and requests of the API: what was asked, as plain text, and what to answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pitchpipe.calls import Call, calls_of, calls_text


class Reply(NamedTuple):
    """One answer.

    Attributes:
        text: what is said.
        calls: the tools that are called, as ``pitchpipe.calls.calls_text`` writes them, or "".
        refusal: what is refused, or "".
    """

    text: str = ""
    calls: str = ""
    refusal: str = ""

    @property
    def whole(self) -> str:
        """All of it in one text."""
        return "".join(self)


class Example(NamedTuple):
    """One thing to learn.

    Attributes:
        prompt: all that stands before the answer.
        answer: what to answer.
        other: what not to answer, for a preference; else None.
    """

    prompt: str
    answer: Reply
    other: Reply | None = None


def prompt_of(request: Mapping[str, Any]) -> str:
    """What a completion or chat completion request asks, "" if nothing.

    The names of the tools at hand come first, for they decide what can be answered.
    """
    if "messages" in request:
        return _tools(request) + _conversation(request["messages"])
    return _text(request.get("prompt"))


def examples_of(record: Mapping[str, Any]) -> Iterator[Example]:
    """What a record teaches; nothing if it holds no answer.

    A chat record teaches every message of the assistant whose weight is not 0, in the order of the
    conversation.
    """
    if "preferred_output" in record:
        question = record.get("input")
        prompt = prompt_of(question) if isinstance(question, Mapping) else ""
        other = _reply(record.get("non_preferred_output"))
        yield Example(prompt, _reply(record["preferred_output"]), other)
    elif "messages" in record:
        messages, tools = _messages(record["messages"]), _tools(record)
        for place, message in enumerate(messages):
            if message.get("role") == "assistant" and message.get("weight") != 0:
                yield Example(tools + _conversation(messages[:place]), _reply([message]))
    elif record.get("completion") is not None:
        yield Example(_text(record.get("prompt")), Reply(_text(record["completion"])))


def _messages(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [message for message in value if isinstance(message, Mapping)]


def _conversation(value: object) -> str:
    return "\n".join(map(_said, _messages(value)))


def _said(message: Mapping[str, Any]) -> str:
    parts = [_text(message.get("content")), *map(_called, calls_of(message)), _refusal(message)]
    return "\n".join(part for part in parts if part)


def _called(call: Call) -> str:
    return f"{call.name}({call.arguments})"


def _refusal(message: Mapping[str, Any]) -> str:
    """What a message refuses, in a key of its own or as a part of its content."""
    parts = [_text(part.get("refusal")) for part in _messages(message.get("content"))]
    return _text(message.get("refusal")) or "\n".join(filter(None, parts))


def _reply(value: object) -> Reply:
    """What some messages answer together."""
    messages = _messages(value)
    calls = [call for message in messages for call in calls_of(message)]
    return Reply(
        "\n".join(_text(message.get("content")) for message in messages),
        calls_text(calls) if calls else "",
        "\n".join(filter(None, map(_refusal, messages))),
    )


def _tools(request: Mapping[str, Any]) -> str:
    """The names of the tools that a request or a record declares, a line each."""
    declared = [*_messages(request.get("tools")), *_messages(request.get("functions"))]
    functions = [tool.get("function", tool.get("custom", tool)) for tool in declared]
    names = [_text(f.get("name")) for f in functions if isinstance(f, Mapping)]
    return "".join(f"{name}\n" for name in names)


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
