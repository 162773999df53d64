"""Calls of tools in the API's shapes."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Literal

from pitchpipe.calls import Call, comparable_text, parse_calls
from pitchpipe.service.http import JSON
from pitchpipe.service.protocol.params import CreateChat
from pitchpipe.stages import Token

CallForm = Literal["tool_calls", "function_call"]
"""The key of a message under which calls stand, which also names why such an answer ends."""


def call_form(asked: CreateChat) -> CallForm | None:
    """The form in which the answer to a request may call tools; None where it may not."""
    if asked.tools and asked.tool_choice != "none":
        return "tool_calls"
    if asked.functions and asked.function_call != "none":
        return "function_call"
    return None


def text_in(tokens: Iterable[Token], part: str) -> str:
    """What some tokens say in one part of an answer."""
    return "".join(token.text for token in tokens if token.part == part)


def called(tokens: Iterable[Token], form: CallForm | None, salt: str) -> JSON:
    """The keys of a message that hold an answer's calls.

    Args:
        tokens: of the answer.
        form: how it may call tools. Several calls at once are always ``tool_calls``.
        salt: makes the calls' ids.

    Returns:
        ``tool_calls`` or ``function_call``; nothing where there are no calls, where none may be
        made, or where a limit of tokens cut them off.
    """
    calls = parse_calls(text_in(tokens, "calls")) if form else None
    if not calls:
        return {}
    if form == "function_call" and len(calls) == 1 and calls[0].kind == "function":
        return {"function_call": _function(calls[0])}
    return {"tool_calls": [_tool_call(call, f"{salt}/{at}") for at, call in enumerate(calls)]}


def said_instead(tokens: Iterable[Token], form: CallForm | None) -> str:
    """An answer's calls as text, where none may be made; else ""."""
    line = "" if form else text_in(tokens, "calls")
    calls = parse_calls(line)
    return comparable_text(calls) if calls else line


def _tool_call(call: Call, salt: str) -> JSON:
    head = {"id": f"call_{sha256(salt.encode()).hexdigest()[:24]}", "type": call.kind}
    if call.kind == "custom":
        return head | {"custom": {"name": call.name, "input": call.arguments}}
    return head | {"function": _function(call)}


def _function(call: Call) -> JSON:
    return {"name": call.name, "arguments": call.arguments}
