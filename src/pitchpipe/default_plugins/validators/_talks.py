"""Conversations, looked over once for all rules about them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import orjson
import pandas as pd

from pitchpipe.default_plugins.validators._fields import INPUT, MESSAGES, OUTPUTS, cells
from pitchpipe.default_plugins.validators._flagging import Flagged, Flagging
from pitchpipe.default_plugins.validators._text import text_of

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
"""Who speaks, as the API's specification has it."""

PARTS: Mapping[str, str] = {
    "text": "text",
    "image_url": "image_url",
    "input_audio": "input_audio",
    "file": "file",
    "refusal": "refusal",
}
"""The kinds of content parts, each with the key that it must have."""

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_SILENT = ("tool_calls", "function_call", "refusal", "audio")

Fault = tuple[str, object]
"""A rule, and what breaks it."""


class TalkRule(Flagging):
    """A rule about conversations, whose faults are found together with those of the others."""

    rule: ClassVar[str]

    def _flagged(self, chunk: pd.DataFrame) -> Flagged | None:
        kind = self._contract.format
        if kind == "completion":
            return None
        faults = text_of(chunk).once("talks", kind, lambda: _faults_of(chunk))
        if not any(faults):
            return None
        examples = [found.get(self.rule) if found else None for found in faults]
        hits = np.array([example is not None for example in examples], dtype=np.bool_)
        return (hits, [_shown(example) for example in examples]) if hits.any() else None


def _faults_of(chunk: pd.DataFrame) -> list[dict[str, object] | None]:
    """The faults of each row by rule, the first of each; None for a row without any."""
    tools = cells(chunk, "tools") if "tools" in chunk.columns else [None] * len(chunk)
    parallel = cells(chunk, "parallel_tool_calls")
    rows = [_of_row(*row) for row in zip(_talks(chunk), tools, parallel, strict=True)]
    return [dict(reversed(faults)) if faults else None for faults in rows]


def _talks(chunk: pd.DataFrame) -> list[list[tuple[Any, bool]]]:
    """The conversations of each row, each with whether something is to be learnt from it."""
    if MESSAGES in chunk.columns:
        return [[(cell, True)] if cell is not None else [] for cell in cells(chunk, MESSAGES)]
    if INPUT not in chunk.columns:
        return [[] for _ in range(len(chunk))]
    talks: list[list[tuple[Any, bool]]] = [[] for _ in range(len(chunk))]
    for row, given in zip(talks, cells(chunk, INPUT), strict=True):
        if isinstance(given, Mapping):
            row.append((given.get(MESSAGES), False))
    for column in OUTPUTS:
        for row, given in zip(talks, cells(chunk, column), strict=True):
            if isinstance(given, list):
                row.append((given, False))
    return talks


def _of_row(talks: list[tuple[Any, bool]], tools: Any, parallel: Any) -> list[Fault]:
    faults: list[Fault] = []
    for messages, learnt in talks:
        faults += _of_talk(messages, learnt, tools)
    if tools is not None:
        faults += _of_tools(tools)
    if parallel is not None and not isinstance(parallel, bool):
        faults.append(("tool-schemas", {"parallel_tool_calls": parallel}))
    return faults


def _of_talk(messages: Any, learnt: bool, tools: Any) -> list[Fault]:
    if not isinstance(messages, list) or not messages:
        return [("message-shape", messages)]
    faults: list[Fault] = []
    trained = called = False
    for message in messages:
        if type(message) is not dict or type(message.get("role")) is not str:
            return [("message-shape", message)]
        role, content = message["role"], message.get("content")
        if type(content) is not str or len(message) > 2 or role == "tool":
            faults += _of_message(message, role, content)
            called = called or role == "tool" or "tool_calls" in message
        if role not in ROLES:
            faults.append(("message-roles", role))
        if role == "assistant":
            trained = trained or message.get("weight", 1) != 0
    if learnt and not trained:
        faults.append(("nothing-to-train", [message["role"] for message in messages]))
    if called:
        faults += _of_calls(messages, tools)
    return faults


def _of_message(message: dict[str, Any], role: str, content: Any) -> Iterator[Fault]:
    if content is None:
        if role != "assistant" or not any(message.get(key) for key in _SILENT):
            yield "message-content", message
    elif isinstance(content, list):
        if not content:
            yield "message-content", message
        for part in content:
            if not _is_part(part):
                yield "message-content", part
            elif part["type"] == "image_url":
                yield "images", part["image_url"]
    elif not isinstance(content, str):
        yield "message-content", content
    if "weight" in message:
        weight = message["weight"]
        if role != "assistant" or isinstance(weight, bool) or weight not in (0, 1):
            yield "message-weight", message
    name = message.get("name")
    if name is not None and not (isinstance(name, str) and _NAME.fullmatch(name)):
        yield "message-names", name
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        yield "tool-calls", message


def _is_part(part: Any) -> bool:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if not isinstance(kind, str) or kind not in PARTS or PARTS[kind] not in part:
        return False
    return kind != "text" or isinstance(part["text"], str)


def _of_calls(messages: list[dict[str, Any]], tools: Any) -> Iterator[Fault]:
    """What is wrong with calls of tools: every one is answered at once, and nothing else is."""
    declared = _declared(tools)
    waiting: dict[str, Any] = {}
    seen: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            call = message.get("tool_call_id")
            if isinstance(call, str) and waiting.pop(call, None) is None:
                yield "tool-calls", message
            continue
        if waiting:
            yield "tool-calls", next(iter(waiting.values()))
            waiting = {}
        calls = message.get("tool_calls") or []
        if not isinstance(calls, list):
            yield "tool-calls", calls
            continue
        for call in calls:
            if not _is_call(call, declared) or call["id"] in seen:
                yield "tool-calls", call
            else:
                seen.add(call["id"])
                waiting[call["id"]] = call
    # the last message may well be the call that is to be learnt
    if waiting and messages[-1]["role"] == "tool":
        yield "tool-calls", next(iter(waiting.values()))


def _is_call(call: Any, declared: frozenset[str] | None) -> bool:
    if not isinstance(call, Mapping) or not isinstance(call.get("id"), str):
        return False
    function = call.get("function")
    if call.get("type", "function") != "function" or not isinstance(function, Mapping):
        return False
    name, arguments = function.get("name"), function.get("arguments")
    if not isinstance(name, str) or (declared is not None and name not in declared):
        return False
    if not isinstance(arguments, str):
        return False
    try:
        return isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        return False


def _declared(tools: Any) -> frozenset[str] | None:
    if not isinstance(tools, list):
        return None
    functions = [tool.get("function") for tool in tools if isinstance(tool, Mapping)]
    names = [function.get("name") for function in functions if isinstance(function, Mapping)]
    return frozenset(name for name in names if isinstance(name, str))


def _of_tools(tools: Any) -> list[Fault]:
    if not isinstance(tools, list):
        return [("tool-schemas", tools)]
    try:
        # a file has the same few tools over and over
        fault = _fault_of_tools(orjson.dumps(tools))
    except TypeError:
        fault = "a number beyond 64 bits, or half a surrogate pair"
    return [] if fault is None else [("tool-schemas", fault)]


@lru_cache(maxsize=256)
def _fault_of_tools(encoded: bytes) -> str | None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    names: set[str] = set()
    for tool in orjson.loads(encoded):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or tool.get("type") != "function":
            return f"{tool!r}: no function"
        name = function.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            return f"name {name!r}"
        if name in names:
            return f"name {name!r} twice"
        names.add(name)
        try:
            Draft202012Validator.check_schema(function.get("parameters", {}))
        except (SchemaError, RecursionError, ValueError, TypeError) as error:
            reason = error.message if isinstance(error, SchemaError) else type(error).__name__
            return f"parameters of {name}: {reason}"
    return None


def with_messages(
    chunk: pd.DataFrame, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> pd.DataFrame:
    """A chunk with every message changed, as a copy."""
    changed = chunk.copy(deep=False)
    for column in (MESSAGES, INPUT, *OUTPUTS):
        if column in chunk.columns:
            talks = [_changed(cell, change) for cell in cells(chunk, column)]
            changed[column] = pd.Series(talks, index=chunk.index, dtype=object)
    return changed


def _changed(cell: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if isinstance(cell, Mapping) and isinstance(cell.get(MESSAGES), list):
        return {**cell, MESSAGES: _changed(cell[MESSAGES], change)}
    if not isinstance(cell, list):
        return cell
    return [change(one) if isinstance(one, dict) else one for one in cell]


def _shown(example: object) -> object:
    return "" if example is None else example
