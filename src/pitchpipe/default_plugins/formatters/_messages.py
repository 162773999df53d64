"""Messages in the API's shape: checking, reading, asking."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from pitchpipe.calls import calls_of, comparable_text
from pitchpipe.default_plugins.formatters._cells import bad_cell, shortened
from pitchpipe.records import Request

Message = Mapping[str, Any]

TOOL_KEYS = ("tools", "parallel_tool_calls", "functions")
"""What a chat record may hold besides its messages, per the API's specification."""


def is_messages(value: object) -> bool:
    """Whether a value is a list of at least one message."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(m, Mapping) and isinstance(m.get("role"), str) for m in value)
    )


def checked(value: object, chunk: pd.DataFrame, row: Hashable, column: str) -> list[Message]:
    """A cell as messages.

    Raises:
        DataError: it is none; names its line.
    """
    if isinstance(value, list) and is_messages(value):
        return value
    raise bad_cell(
        chunk,
        row,
        column,
        f"expected a list of messages, each an object with a role; found {shortened(value)}.",
    )


def asked(system: str | None, text: str) -> list[Message]:
    """The messages that put a text to the model."""
    start = [] if system is None else [{"role": "system", "content": system}]
    return [*start, {"role": "user", "content": text}]


def answered(text: str) -> Message:
    """The model's message that says a text."""
    return {"role": "assistant", "content": text}


ANSWER_KEYS = ("content", "tool_calls", "function_call", "refusal")
"""The keys of a closing message that are what is answered."""


def answer_of(message: Message) -> str | None:
    """What a message answers, as one text; None when that is nothing.

    It is the calls of tools, as ``pitchpipe.calls.comparable_text`` writes them, whatever is said
    besides; else the text, its parts put together; else the refusal.
    """
    calls = calls_of(message)
    if calls:
        return comparable_text(calls)
    content, refusal = message.get("content"), message.get("refusal")
    text = content if isinstance(content, str) else _joined(content, "text")
    refused = refusal if isinstance(refusal, str) else _joined(content, "refusal")
    return text or refused or text


def _joined(parts: object, key: str) -> str | None:
    """The texts under one key of a message's parts, put together; None if there are none."""
    if not isinstance(parts, list):
        return None
    texts = [p[key] for p in parts if isinstance(p, Mapping) and isinstance(p.get(key), str)]
    return "".join(texts) if texts else None


def chat_request(
    messages: Sequence[Message],
    tools: Mapping[str, Any],
    stop: Sequence[str],
    max_tokens: int | None,
) -> Request:
    """The request for the message that comes next, with the probabilities of five tokens.

    ``weight``, which only training knows, is left out of the messages.

    Args:
        messages: all that came before.
        tools: where the values of ``TOOL_KEYS`` are.
        stop: strings that end the answer.
        max_tokens: the most tokens of the answer; None leaves it to the service.
    """
    body: dict[str, Any] = {
        "messages": [{k: v for k, v in m.items() if k != "weight"} for m in messages],
        "temperature": 0,
        "logprobs": True,
        "top_logprobs": 5,
    }
    body.update({key: tools[key] for key in TOOL_KEYS if tools.get(key) is not None})
    if stop:
        body["stop"] = list(stop)
    if max_tokens is not None:
        body["max_completion_tokens"] = max_tokens
    return Request("chat.completions", body)
