"""Records that mean one thing and write it another way: what they are as the API takes them.

A repair is a function of a record. Given one that needs no such repair it returns the same object,
so that a fault is there exactly where the record that comes out is another.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pitchpipe.formats.conversations import (
    OUTPUTS,
    as_weight,
    holds_nothing,
    is_message,
    may_hold_nothing,
)
from pitchpipe.formats.faults import KEYS, ROLES, RecordFault
from pitchpipe.formats.tools import is_json_object
from pitchpipe.records import FixLevel, Severity

T = TypeVar("T")

Record = Mapping[str, Any]
"""A row's cells: messages with tools beside them, or input and outputs."""

MESSAGES, INPUT = "messages", "input"
TOOLS = ("tools", "parallel_tool_calls", "functions")

SIDE_KEYS = frozenset(
    {
        "annotations",
        "citations",
        "content_filter_results",
        "context",
        "created_at",
        "end_turn",
        "finish_reason",
        "id",
        "index",
        "logprobs",
        "parsed",
        "reasoning",
        "reasoning_content",
        "reasoning_details",
        "timestamp",
        "usage",
    }
)
"""What SDKs and services add to the messages that they return, and none takes in training."""

SYNONYMS: Mapping[str, str] = {
    **{role: role for role in ROLES},
    "human": "user",
    "gpt": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "model": "assistant",
    "ai": "assistant",
}
"""Roles by the names that other formats give them."""

_KEYS = frozenset(KEYS)
_TEXT_PARTS = ("input_text", "output_text")
_RESULTS = ("tool", "function")


@dataclass(frozen=True)
class Repair:
    """One way to write a record as the API takes it.

    Attributes:
        kind: the fault that it corrects.
        remedy: what it does, in the imperative, before "in 2 rows".
        apply: gives the record so written, or the same object.
        level: whether it is applied always or on request: always where nothing can get lost.
        severity: whether the fault stops the run: not where the API takes it too.
    """

    kind: str
    remedy: str
    apply: Callable[[Record], Record]
    level: FixLevel = "required"
    severity: Severity = Severity.ERROR


def repaired(record: Record) -> tuple[Record, list[RecordFault]]:
    """A record after all repairs, and the faults that they corrected."""
    faults = []
    for repair in REPAIRS.values():
        better = repair.apply(record)
        if better is not record:
            faults.append(RecordFault(repair.kind, _changed(record, better)))
            record = better
    return record, faults


def _changed(before: Record, after: Record) -> object:
    """The first value of a record that is another, or not there, afterwards; as deep as it is."""
    gone = object()
    pairs = ((value, after.get(key, gone)) for key, value in before.items())
    value, new = next((value, new) for value, new in pairs if value is not new)
    while isinstance(value, list) and isinstance(new, list) and len(value) == len(new):
        value, new = next((a, b) for a, b in zip(value, new, strict=True) if a is not b)
    if isinstance(value, dict) and isinstance(new, dict) and MESSAGES in new and MESSAGES in value:
        return _changed(value, new)
    return value


# --- walking through a record ------------------------------------------------------------------


def _mapped(items: list[T], change: Callable[[T], T]) -> list[T]:
    changed = [change(item) for item in items]
    same = all(a is b for a, b in zip(items, changed, strict=True))
    return items if same else changed


def _with(holder: Record, key: str, change: Callable[[Any], Any]) -> Record:
    if key not in holder:
        return holder
    value = change(holder[key])
    return holder if value is holder[key] else {**holder, key: value}


def _conversations(record: Record, change: Callable[[Any], Any]) -> Record:
    if OUTPUTS[0] not in record and OUTPUTS[1] not in record:
        return _with(record, MESSAGES, change)
    record = _with(record, INPUT, lambda given: _given(given, change))
    for output in OUTPUTS:
        record = _with(record, output, change)
    return record


def _given(given: Any, change: Callable[[Any], Any]) -> Any:
    return _with(given, MESSAGES, change) if isinstance(given, dict) else change(given)


def _messages(change: Callable[[Mapping[str, Any]], Any]) -> Callable[[Record], Record]:
    """The repair of each message of a record by itself."""

    def of_message(message: Any) -> Any:
        return change(message) if is_message(message) else message

    def of_cell(cell: Any) -> Any:
        return _mapped(cell, of_message) if isinstance(cell, list) else cell

    return lambda record: _conversations(record, of_cell)


def _declared(change: Callable[[Record], Record]) -> Callable[[Record], Record]:
    """The repair of the tools beside messages."""

    def of_record(record: Record) -> Record:
        if OUTPUTS[0] not in record and OUTPUTS[1] not in record:
            return change(record)
        return _with(record, INPUT, lambda one: change(one) if isinstance(one, dict) else one)

    return of_record


# --- lists of messages -------------------------------------------------------------------------


def _loaded(text: Any) -> Any:
    """What the text of a JSON object or list says; None for anything else."""
    if not isinstance(text, str) or text.lstrip()[:1] not in ("[", "{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _parsed_cell(cell: Any) -> Any:
    loaded = _loaded(cell)
    if isinstance(loaded, list) and loaded and all(map(is_message, loaded)):
        return loaded
    if is_message(loaded) or (isinstance(loaded, dict) and isinstance(loaded.get(MESSAGES), list)):
        return loaded
    return _mapped(cell, _parsed_message) if isinstance(cell, list) else cell


def _parsed_message(message: Any) -> Any:
    loaded = _loaded(message)
    return loaded if is_message(loaded) else message


def _parse(record: Record) -> Record:
    return _conversations(record, _parsed_cell)


def _unwrapped_cell(cell: Any) -> Any:
    if is_message(cell):
        return [cell]
    if isinstance(cell, dict) and cell.keys() == {MESSAGES}:
        return _unwrapped_cell(cell[MESSAGES])
    if isinstance(cell, list) and len(cell) == 1 and isinstance(cell[0], list):
        return _unwrapped_cell(cell[0])
    if isinstance(cell, list):
        return _mapped(cell, _only)
    return cell


def _only(message: Any) -> Any:
    is_one = isinstance(message, list) and len(message) == 1 and is_message(message[0])
    return message[0] if is_one else message


def _unwrapped_input(given: Any) -> Any:
    only = given[0] if isinstance(given, list) and len(given) == 1 else None
    if isinstance(only, dict) and isinstance(only.get(MESSAGES), list | dict):
        given = only
    if is_message(given) and MESSAGES not in given:
        return {MESSAGES: [given]}
    return _with(given, MESSAGES, _unwrapped_cell) if isinstance(given, dict) else given


def _unwrap(record: Record) -> Record:
    if OUTPUTS[0] not in record and OUTPUTS[1] not in record:
        return _with(record, MESSAGES, _unwrapped_cell)
    record = _with(record, INPUT, _unwrapped_input)
    for output in OUTPUTS:
        record = _with(record, output, _unwrapped_cell)
    return record


# --- messages ----------------------------------------------------------------------------------


def _role(message: Mapping[str, Any]) -> str:
    """The role that a message means."""
    role: str = message["role"]
    return SYNONYMS.get(role.strip().lower(), role)


def _without(message: Mapping[str, Any], keys: Sequence[str]) -> Mapping[str, Any]:
    return {k: v for k, v in message.items() if k not in keys} if keys else message


def _empty_keys(message: Mapping[str, Any], are_taken: bool) -> list[str]:
    """The keys that hold nothing, those that the API takes or the others."""
    role = _role(message)
    return [
        key
        for key, value in message.items()
        if holds_nothing(key, value) and may_hold_nothing(key, value, role) == are_taken
    ]


def _drop_nulls(message: Mapping[str, Any]) -> Mapping[str, Any]:
    return _without(message, _empty_keys(message, are_taken=True))


def _drop_padding(message: Mapping[str, Any]) -> Mapping[str, Any]:
    message = _without(message, _empty_keys(message, are_taken=False))
    if message.get("content") == [] and (message.get("tool_calls") or message.get("function_call")):
        return {**message, "content": None}
    return message


def _drop_side_keys(message: Mapping[str, Any]) -> Mapping[str, Any]:
    return _without(message, [key for key in message if key in SIDE_KEYS])


def _spell_role(message: Mapping[str, Any]) -> Mapping[str, Any]:
    role = _role(message)
    return message if role == message["role"] else {**message, "role": role}


def _spell_content(message: Mapping[str, Any]) -> Mapping[str, Any]:
    return _with(message, "content", lambda content: _content(content, _role(message)))


def _content(content: Any, role: str) -> Any:
    if isinstance(content, bool | int) or (isinstance(content, float) and math.isfinite(content)):
        return json.dumps(content)
    parts = [content] if _is_part_like(content) else content
    are_parts = isinstance(parts, list) and all(map(_is_part_like, parts))
    if role in _RESULTS and isinstance(content, dict | list) and content and not are_parts:
        return json.dumps(content, ensure_ascii=False)
    return _mapped(parts, _part) if isinstance(parts, list) else parts


def _is_part_like(part: Any) -> bool:
    """Whether something says that it is a part, and holds text or an image."""
    kind = part.get("type") if isinstance(part, dict) else None
    return isinstance(kind, str) and bool(part.keys() & {"text", "image_url", "refusal"})


def _part(part: Any) -> Any:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if not isinstance(part, dict):
        return part
    kind = part.get("type")
    if kind in _TEXT_PARTS and isinstance(part.get("text"), str):
        return {"type": "text", "text": part["text"]}
    if kind in ("image_url", "input_image") and isinstance(part.get("image_url"), str):
        details = {"detail": part["detail"]} if isinstance(part.get("detail"), str) else {}
        return {"type": "image_url", "image_url": {"url": part["image_url"], **details}}
    empty = [key for key, value in part.items() if value is None and key not in ("type", kind)]
    return _without(part, empty)


def _spell_weight(message: Mapping[str, Any]) -> Mapping[str, Any]:
    weight = message.get("weight")
    if weight is None:
        return message
    if _role(message) != "assistant":
        return _without(message, ["weight"])
    meant = as_weight(weight)
    return message if meant is None or type(weight) is int else {**message, "weight": meant}


# --- calls of tools ----------------------------------------------------------------------------


def _spell_calls(record: Record) -> Record:
    given = record.get(INPUT) if OUTPUTS[0] in record or OUTPUTS[1] in record else record
    empty_for = _without_parameters(given if isinstance(given, dict) else {})

    def of_message(message: Mapping[str, Any]) -> Mapping[str, Any]:
        message = _with(message, "function_call", lambda one: _function(one, empty_for))
        return _with(message, "tool_calls", lambda calls: _calls(calls, empty_for))

    return _messages(of_message)(record)


def _without_parameters(declared: Record) -> frozenset[str]:
    """The functions that can be called without arguments."""
    found = set()
    for key in ("tools", "functions"):
        tools = declared.get(key)
        for tool in tools if isinstance(tools, list) else ():
            function = tool.get("function", tool) if isinstance(tool, dict) else None
            if isinstance(function, dict) and isinstance(function.get("name"), str):
                parameters = function.get("parameters") or {}
                if isinstance(parameters, dict) and not parameters.get("required"):
                    found.add(function["name"])
    return frozenset(found)


def _calls(calls: Any, empty_for: frozenset[str]) -> Any:
    if isinstance(calls, dict) and not calls.keys().isdisjoint(("function", "custom")):
        calls = [calls]
    return _mapped(calls, lambda call: _call(call, empty_for)) if isinstance(calls, list) else calls


def _call(call: Any, empty_for: frozenset[str]) -> Any:
    if not isinstance(call, dict):
        return call
    if call.get("type", "tool_call") == "tool_call" and isinstance(call.get("args"), dict):
        # as LangChain has them
        call = {**_without(call, ["args", "type"]), "arguments": call["args"]}
    if call.get("type", "function") != "function":
        return call
    if "function" not in call and isinstance(call.get("name"), str) and "arguments" in call:
        function = {key: call[key] for key in ("name", "arguments")}
        call = {**_without(call, ["name", "arguments"]), "type": "function", "function": function}
    if "type" not in call and isinstance(call.get("function"), dict):
        call = {**call, "type": "function"}
    return _with(call, "function", lambda function: _function(function, empty_for))


def _function(function: Any, empty_for: frozenset[str]) -> Any:
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return function
    given = function.get("arguments")
    if is_json_object(given):
        return function
    meant = _arguments(given, function["name"] in empty_for)
    return function if meant is None else {**function, "arguments": meant}


def _arguments(given: Any, may_be_empty: bool) -> str | None:
    """The text of the JSON object that arguments are meant to be; None where that is in doubt."""
    if isinstance(given, dict):
        return json.dumps(given, ensure_ascii=False)
    if given is None or (isinstance(given, str) and not given.strip()):
        return "{}" if may_be_empty else None
    if not isinstance(given, str):
        return None
    try:
        loaded = json.loads(given, strict=False)  # that is, with line breaks within strings
    except (ValueError, RecursionError):
        return None
    if isinstance(loaded, str) and is_json_object(loaded):
        return loaded
    return json.dumps(loaded, ensure_ascii=False) if isinstance(loaded, dict) else None


def _name_answers(cell: Any) -> Any:
    """A conversation whose answers of tools name the only call that they can be for."""
    if not isinstance(cell, list):
        return cell
    before = [None, *cell]
    named = [_named(one, last) for one, last in zip(cell, before, strict=False)]
    return named if any(a is not b for a, b in zip(cell, named, strict=True)) else cell


def _named(message: Any, before: Any) -> Any:
    if not is_message(message) or not is_message(before):
        return message
    role, call = _role(message), before.get("function_call")
    if role == "function" and not message.get("name") and isinstance(call, dict):
        return {**message, "name": call["name"]} if isinstance(call.get("name"), str) else message
    calls = before.get("tool_calls")
    if role == "tool" and not message.get("tool_call_id") and isinstance(calls, list):
        only = calls[0] if len(calls) == 1 and isinstance(calls[0], dict) else {}
        if isinstance(only.get("id"), str):
            return {**message, "tool_call_id": only["id"]}
    return message


# --- tools -------------------------------------------------------------------------------------


def _drop_empty(key: str) -> Callable[[Record], Record]:
    """The repair that takes out an empty list of tools, and what then says nothing either."""

    def of_declared(declared: Record) -> Record:
        if declared.get(key) not in ([], {}):
            return declared
        kept = {name: value for name, value in declared.items() if name != key}
        if not any(kept.get(other) for other in ("tools", "functions")):
            kept.pop("parallel_tool_calls", None)
        return kept

    return _declared(of_declared)


def _spell_tools(declared: Record) -> Record:
    declared = _with(declared, "tools", lambda tools: _tools(tools, _tool))
    declared = _with(declared, "functions", lambda tools: _tools(tools, _bare))
    return _with(declared, "parallel_tool_calls", _boolean)


def _tools(tools: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(loaded := _loaded(tools), dict | list):
        tools = loaded
    if isinstance(tools, dict) and change(tools) is not None and _bare(tools).get("name"):
        tools = [tools]
    return _mapped(tools, change) if isinstance(tools, list) else tools


def _bare(tool: Any) -> Any:
    """A tool as ``functions`` has it."""
    if isinstance(tool, dict) and "name" in tool and isinstance(tool.get("input_schema"), dict):
        # as Anthropic's API has them
        rest = _without(tool, ["input_schema", "type", "cache_control"])
        return {**rest, "parameters": tool["input_schema"]}
    if isinstance(tool, dict) and isinstance(tool.get("function"), dict):
        return tool["function"] if tool.get("type", "function") == "function" else tool
    if isinstance(tool, dict) and tool.get("type") == "function" and "name" in tool:
        return _without(tool, ["type"])
    return tool


def _tool(tool: Any) -> Any:
    """A tool as ``tools`` has it."""
    if not isinstance(tool, dict):
        return tool
    if isinstance(tool.get("function"), dict) and "type" in tool:
        return tool
    function = _bare(tool)
    return {"type": "function", "function": function} if "name" in function else tool


def _boolean(value: Any) -> Any:
    return {"true": True, "false": False}.get(value.lower(), value) if type(value) is str else value


REPAIRS: Mapping[str, Repair] = {
    repair.kind: repair
    for repair in (
        Repair("text messages", "read the JSON", _parse),
        Repair("wrapping", "write a list of messages", _unwrap),
        Repair("null keys", "take out the keys", _messages(_drop_nulls), severity=Severity.NOTE),
        Repair("padding", "take out the keys", _messages(_drop_padding)),
        Repair("side keys", "take out the keys", _messages(_drop_side_keys), "recommended"),
        Repair("spelled role", "write the role", _messages(_spell_role), "recommended"),
        Repair("spelled content", "write the content", _messages(_spell_content), "recommended"),
        Repair(
            "stray weight",
            "take it away, or make it a number,",
            _messages(_spell_weight),
            "recommended",
        ),
        Repair("spelled tools", "write the tools as the API has them", _declared(_spell_tools)),
        Repair("empty tools", "leave out the list", _drop_empty("tools"), severity=Severity.NOTE),
        Repair("empty functions", "leave out the list", _drop_empty("functions")),
        Repair("spelled call", "write the calls as the API has them", _spell_calls),
        Repair(
            "unnamed answer",
            "name the only call before it",
            lambda record: _conversations(record, _name_answers),
        ),
    )
}
"""The repairs by the kinds of their faults, in the order in which they are made."""

STRUCTURAL = ("text messages", "wrapping")
"""The repairs that come before all others can see anything."""
