"""Tools: how they are declared, and how they are called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

Fault = tuple[str, object]
"""A kind of fault, and what is at fault."""

MOST = 128
"""How many functions the API takes, by its specification."""

FUNCTION = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""What a function may be called."""


def faults_of_tools(declared: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with the tools that stand beside messages."""
    for key in ("tools", "functions"):
        if (tools := declared.get(key)) is not None:
            fault = _fault_of_tools(_encoded(tools), key)
            if fault is not None:
                yield "odd tools", fault
    parallel = declared.get("parallel_tool_calls")
    if parallel is not None and not isinstance(parallel, bool):
        yield "odd parallel_tool_calls", parallel


def faults_of_calls(
    messages: Sequence[Mapping[str, Any]], declared: Mapping[str, Any], goes_on: bool
) -> Iterator[Fault]:
    """What is wrong with calls of tools: each is answered at once, and nothing else is.

    Args:
        messages: a conversation.
        declared: the tools that stand beside it.
        goes_on: whether more is said behind it, by the model.
    """
    tools, functions = _names(declared.get("tools")), _names(declared.get("functions"))
    waiting: dict[str, Any] = {}
    seen: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            answered = message.get("tool_call_id")
            if not isinstance(answered, str) or waiting.pop(answered, None) is None:
                yield "stray answer", message
            continue
        if waiting:
            yield from _unanswered(waiting)
            waiting.clear()
        calls, old = message.get("tool_calls"), message.get("function_call")
        if message["role"] != "assistant":
            if calls is not None or old is not None:
                yield "odd call", message
            continue
        if old is not None:
            yield from _faults_of_function(old, functions)
        if not isinstance(calls, list | None):
            yield "odd call", calls
            continue
        for call in calls or ():
            if not _has_id(call) or call["id"] in seen:
                yield "odd call", call
                continue
            seen.add(call["id"])
            waiting[call["id"]] = call
            yield from _faults_of_call(call, tools)
    # what a conversation ends on may well be the call that is to be learnt
    if goes_on or messages[-1]["role"] == "tool":
        yield from _unanswered(waiting)


def _unanswered(waiting: Mapping[str, Any]) -> Iterator[Fault]:
    for call in waiting.values():
        yield "unanswered call", call


def _has_id(call: Any) -> bool:
    return isinstance(call, dict) and isinstance(call.get("id"), str) and bool(call["id"])


def _faults_of_call(call: Mapping[str, Any], known: frozenset[str] | None) -> Iterator[Fault]:
    if call.get("type") == "function":
        yield from _faults_of_function(call.get("function"), known, call)
        return
    custom = call.get("custom")
    if (
        call.get("type") != "custom"
        or not isinstance(custom, dict)
        or not isinstance(custom.get("name"), str)
        or not isinstance(custom.get("input"), str)
    ):
        yield "odd call", call


def _faults_of_function(
    function: Any, known: frozenset[str] | None, example: object = None
) -> Iterator[Fault]:
    example = function if example is None else example
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        yield "odd call", example
        return
    if not _is_object(function.get("arguments")):
        yield "odd arguments", example
    if known is not None and function["name"] not in known:
        yield "undeclared call", example


def _is_object(arguments: Any) -> bool:
    if not isinstance(arguments, str):
        return False
    for loads in (orjson.loads, json.loads):  # the quick one, and the one that takes all
        try:
            return isinstance(loads(arguments), dict)
        except (ValueError, RecursionError):
            pass
    return False


def _names(tools: Any) -> frozenset[str] | None:
    """The names of functions, declared bare or as tools; None where nothing is declared."""
    if not isinstance(tools, list):
        return None
    functions = [tool.get("function", tool) for tool in tools if isinstance(tool, dict)]
    names = [function.get("name") for function in functions if isinstance(function, dict)]
    return frozenset(name for name in names if isinstance(name, str))


def _encoded(tools: Any) -> bytes:
    try:
        return orjson.dumps(tools)
    except TypeError:
        # integers of more than 64 bits, half a surrogate pair, what JSON lacks
        return json.dumps(tools, default=repr).encode()


@lru_cache(maxsize=256)
def _fault_of_tools(encoded: bytes, key: str) -> str | None:
    """What is wrong with some tools; remembered, as a file has the same few over and over."""
    tools = json.loads(encoded)
    if not isinstance(tools, list):
        return f"{key}: no list"
    if not 1 <= len(tools) <= MOST:
        return f"{key}: {len(tools)} of them"
    names: set[str] = set()
    for tool in tools:
        function = tool
        if key == "tools":
            is_function = isinstance(tool, dict) and tool.get("type") == "function"
            function = tool.get("function") if is_function else None
        if not isinstance(function, dict):
            return f"no function: {tool!r}"
        name = function.get("name")
        if not isinstance(name, str) or not FUNCTION.fullmatch(name):
            return f"name {name!r}"
        if name in names:
            return f"name {name!r} twice"
        names.add(name)
        fault = _fault_of_function(function)
        if fault is not None:
            return f"{name}: {fault}"
    return None


def _fault_of_function(function: Mapping[str, Any]) -> str | None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    for field, kind in (("description", str), ("strict", bool), ("parameters", dict)):
        if not isinstance(function.get(field), kind | None):
            return f"{field} {function[field]!r}"
    try:
        Draft202012Validator.check_schema(function.get("parameters") or {})
    except SchemaError as error:
        return f"parameters{error.json_path[1:]}: {error.message}"
    except RecursionError:
        return "parameters: nested too deeply"
    return None
