"""ShareGPT: conversations whose turns say who they are from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pitchpipe_formats.fields import Message, Record, UnfitError, said, shown, text
from pitchpipe_formats.tools import Calls, as_tools, written_tools
from pitchpipe_formats.turns import MESSAGES, refuse_others
from pitchpipe_formats.weights import KEYS, WEIGHT, weight_of

CONVERSATIONS, SYSTEM, TOOLS = "conversations", "system", "tools"
REQUIRED = (CONVERSATIONS,)
COLUMNS = (CONVERSATIONS, SYSTEM, TOOLS)

ROLES = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "assistant": "assistant",
    "model": "assistant",
    "function_call": "calls",
    "observation": "tool",
    "tool": "tool",
}
"""Whom a turn is from, by the names that are in use; "calls" are the model's, of tools."""

_KNOWN = frozenset({"from", "value", *KEYS})

_WRITTEN = {"system": "system", "developer": "system", "user": "human", "assistant": "gpt"}


def read(record: Record, system: str | None) -> dict[str, Any]:
    """The chat record of a ShareGPT record.

    Args:
        record: its fields.
        system: begins conversations that have no system text of their own.

    Raises:
        UnfitError: a field is missing or of the wrong kind.
    """
    turns = record.get(CONVERSATIONS)
    if not isinstance(turns, list) or not turns:
        raise UnfitError(CONVERSATIONS, f"expected a list of turns; found {shown(turns)}.")
    calls = Calls()
    spoken = [_message(turn, calls) for turn in turns]
    own = text(record, SYSTEM) if SYSTEM in record else ""
    start = own or system
    if start and spoken[0]["role"] != "system":
        spoken.insert(0, said("system", start))
    tools = as_tools(record.get(TOOLS), TOOLS)
    return {MESSAGES: spoken, TOOLS: tools} if tools else {MESSAGES: spoken}


def left_out(turns: object) -> list[str]:
    """The keys of turns that hold something and have no counterpart in messages."""
    if not isinstance(turns, list):
        return []
    return [
        key
        for turn in turns
        if isinstance(turn, Mapping)
        for key, value in turn.items()
        if key not in _KNOWN and value is not None
    ]


def write(record: Record) -> dict[str, Any]:
    """The ShareGPT record of a chat record.

    Raises:
        UnfitError: something in it has no place there.
    """
    refuse_others(record, (MESSAGES, TOOLS))
    calls = Calls()
    made: dict[str, Any] = {CONVERSATIONS: [_turn(m, calls) for m in record[MESSAGES]]}
    if record.get(TOOLS):
        made[TOOLS] = written_tools(record[TOOLS])
    return made


def _message(turn: object, calls: Calls) -> Message:
    if not isinstance(turn, Mapping) or not isinstance(turn.get("value"), str):
        raise UnfitError(
            CONVERSATIONS, f'expected turns with "from" and a text "value"; found {shown(turn)}.'
        )
    role, value = ROLES.get(str(turn.get("from")).lower()), turn["value"]
    if role is None:
        raise UnfitError(
            CONVERSATIONS,
            f"expected turns from one of {', '.join(ROLES)}; found {shown(turn.get('from'))}.",
        )
    weight = weight_of(turn, role in ("assistant", "calls"), CONVERSATIONS)
    if role == "calls":
        return {"role": "assistant", "tool_calls": calls.read(value, CONVERSATIONS), **weight}
    if role == "tool":
        answered = calls.answered(CONVERSATIONS)
        return {"role": "tool", "tool_call_id": answered, "content": value, **weight}
    return {**said(role, value), **weight}


def _turn(message: Mapping[str, Any], calls: Calls) -> dict[str, Any]:
    role, content = message["role"], message.get("content")
    known = {"role", "content", *([WEIGHT] if role == "assistant" else [])}
    weight = {WEIGHT: message[WEIGHT]} if message.get(WEIGHT) is not None else {}
    if role == "assistant" and message.get("tool_calls") and content is None:
        _only(message, {*known, "tool_calls"})
        value = calls.write(message["tool_calls"], MESSAGES)
        return {"from": "function_call", "value": value, **weight}
    if not isinstance(content, str):
        raise UnfitError(MESSAGES, f"expected messages of text; found {shown(content)}.")
    if role == "tool":
        _only(message, {"role", "content", "tool_call_id"})
        if calls.answered(MESSAGES) != message.get("tool_call_id"):
            raise UnfitError(MESSAGES, "expected tools to answer in the order of their calls.")
        return {"from": "observation", "value": content}
    _only(message, known)
    if role not in _WRITTEN:
        raise UnfitError(MESSAGES, f"role {role!r} has no counterpart in ShareGPT.")
    return {"from": _WRITTEN[role], "value": content, **weight}


def _only(message: Mapping[str, Any], known: set[str]) -> None:
    more = sorted(key for key in message.keys() - known if message[key] is not None)
    if more:
        raise UnfitError(
            MESSAGES, f"a turn has no place for {', '.join(more)}; found {shown(dict(message))}."
        )
