"""Tools: how they are declared, and how they are called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from pitchpipe.formats.faults import MAX_FUNCTIONS, RecordFault

FUNCTION = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""What a function may be called."""


def faults_of_tools(declared: Mapping[str, Any], path: str = "") -> Iterator[RecordFault]:
    """What is wrong with the tools that stand beside messages.

    An empty list of ``tools`` declares nothing, as the guide to preferences shows it.

    Args:
        declared: where the values of ``tools``, ``functions`` and ``parallel_tool_calls`` are.
        path: what stands before these keys in the record.
    """
    for key in ("tools", "functions"):
        tools = declared.get(key)
        if tools is None or (key == "tools" and tools == []):
            continue
        fault = _fault_of_tools(_encoded(tools), key)
        if fault is not None:
            yield RecordFault("odd tools", fault, path + key)
    parallel = declared.get("parallel_tool_calls")
    if parallel is not None and not isinstance(parallel, bool):
        yield RecordFault("odd parallel_tool_calls", parallel, f"{path}parallel_tool_calls")


def faults_of_calls(
    messages: Sequence[Mapping[str, Any]],
    declared: Mapping[str, Any],
    goes_on: bool,
    path: str = "messages",
) -> Iterator[RecordFault]:
    """What is wrong with calls of tools: each is answered at once, and nothing else is.

    Args:
        messages: a conversation.
        declared: the tools that stand beside it.
        goes_on: whether more is said behind it, by the model.
        path: where the conversation is in the record.
    """
    tools, functions = _names(declared.get("tools")), _names(declared.get("functions"))
    waiting: dict[str, RecordFault] = {}
    seen: set[str] = set()
    for at, message in enumerate(messages):
        where = f"{path}[{at}]"
        if message["role"] == "tool":
            answered = message.get("tool_call_id")
            if not isinstance(answered, str) or waiting.pop(answered, None) is None:
                yield RecordFault("stray answer", message, where)
            continue
        if waiting:
            yield from waiting.values()
            waiting.clear()
        calls, old = message.get("tool_calls"), message.get("function_call")
        if message["role"] != "assistant":
            if calls is not None or old is not None:
                yield RecordFault("odd call", message, where)
            continue
        if old is not None:
            yield from _faults_of_function(old, functions, old, f"{where}.function_call")
        if not isinstance(calls, list | None):
            yield RecordFault("odd call", calls, f"{where}.tool_calls")
            continue
        for number, call in enumerate(calls or ()):
            place = f"{where}.tool_calls[{number}]"
            if not _has_id(call) or call["id"] in seen:
                yield RecordFault("odd call", call, place)
                continue
            seen.add(call["id"])
            waiting[call["id"]] = RecordFault("unanswered call", call, place)
            yield from _faults_of_call(call, tools, place)
    # what a conversation ends on may well be the call that is to be learnt
    if goes_on or messages[-1]["role"] == "tool":
        yield from waiting.values()


def _has_id(call: Any) -> bool:
    return isinstance(call, dict) and isinstance(call.get("id"), str) and bool(call["id"])


def _faults_of_call(
    call: Mapping[str, Any], known: frozenset[str] | None, where: str
) -> Iterator[RecordFault]:
    if call.get("type") == "function":
        yield from _faults_of_function(call.get("function"), known, call, f"{where}.function")
        return
    custom = call.get("custom")
    if (
        call.get("type") != "custom"
        or not isinstance(custom, dict)
        or not isinstance(custom.get("name"), str)
        or not isinstance(custom.get("input"), str)
    ):
        yield RecordFault("odd call", call, where)


def _faults_of_function(
    function: Any, known: frozenset[str] | None, example: object, where: str
) -> Iterator[RecordFault]:
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        yield RecordFault("odd call", example, where)
        return
    if not is_json_object(function.get("arguments")):
        yield RecordFault("odd arguments", example, f"{where}.arguments")
    if known is not None and function["name"] not in known:
        yield RecordFault("undeclared call", example, f"{where}.name")


def is_json_object(arguments: Any) -> bool:
    """Whether something is the text of a JSON object."""
    if not isinstance(arguments, str):
        return False
    for loads in (orjson.loads, _loads):  # the quick one, and the one that takes all of JSON
        try:
            return isinstance(loads(arguments), dict)
        except (ValueError, RecursionError):
            pass
    return False


def _loads(text: str) -> object:
    return json.loads(text, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _names(tools: Any) -> frozenset[str] | None:
    """The names of functions, declared bare or as tools; None where nothing is declared."""
    if not isinstance(tools, list) or not tools:
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
    if not 1 <= len(tools) <= MAX_FUNCTIONS:
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
    parameters = function.get("parameters") or {}
    try:
        Draft202012Validator.check_schema(parameters)
        return _fault_of_strict(parameters, "parameters") if function.get("strict") else None
    except SchemaError as error:
        return f"parameters{error.json_path[1:]}: {error.message}"
    except RecursionError:
        return "parameters: nested too deeply"


def _fault_of_strict(schema: Any, path: str) -> str | None:
    """Why a valid schema does not keep to what ``strict`` asks for; None where it does."""
    if not isinstance(schema, dict):
        return None
    properties = schema.get("properties", {})
    if "properties" in schema or schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return f"{path}: strict without additionalProperties false"
        if missing := sorted(properties.keys() - set(schema.get("required", ()))):
            return f"{path}: strict, but {missing[0]!r} is not required"
    inner = [(f"{path}.properties.{name}", one) for name, one in properties.items()]
    inner += [(f"{path}.$defs.{name}", one) for name, one in schema.get("$defs", {}).items()]
    inner += [(f"{path}.anyOf[{n}]", one) for n, one in enumerate(schema.get("anyOf", ()))]
    inner.append((f"{path}.items", schema.get("items")))
    faults = (_fault_of_strict(one, place) for place, one in inner)
    return next(filter(None, faults), None)
