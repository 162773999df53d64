"""Calls of tools as answers: read from messages, written as text, compared."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, order=True)
class Call:
    """One call of a tool. Two calls are equal if their names and parsed arguments are.

    Attributes:
        name: of the function or the custom tool.
        arguments: of a function: the JSON object in the one spelling that ``Call.of`` gives it, or
            the text as it stood where it is no JSON object. Of a custom tool: its input.
        kind: what the API calls the tool's type.
    """

    name: str
    arguments: str
    kind: Literal["function", "custom"] = "function"

    @classmethod
    def of(cls, name: str, arguments: object) -> Call:
        """The call of a function.

        Args:
            name: of the function.
            arguments: JSON text, as the API has it, or the object itself.
        """
        return cls(name, _spelled(arguments))

    def to_json(self) -> dict[str, Any]:
        """The call as JSON types: ``name`` with ``arguments`` (or ``input`` of a custom tool)."""
        if self.kind == "custom":
            return {"name": self.name, "input": self.arguments}
        parsed = _object(self.arguments)
        return {"name": self.name, "arguments": self.arguments if parsed is None else parsed}


def calls_of(message: Mapping[str, Any]) -> tuple[Call, ...]:
    """The calls in a message of the API, in their order: ``tool_calls``, then ``function_call``.

    Entries without a function or a custom tool are left out.
    """
    listed = message.get("tool_calls")
    found = [_call_of(entry) for entry in listed] if isinstance(listed, list) else []
    found.append(_function(message.get("function_call")))
    return tuple(call for call in found if call is not None)


def calls_text(calls: Iterable[Call]) -> str:
    """Calls as one line of JSON: a list of objects with ``name`` and ``arguments``.

    The keys of arguments are sorted, and integers are written as such (1.0 as 1). ``parse_calls``
    reads the line back.
    """
    return json.dumps([call.to_json() for call in calls], ensure_ascii=False)


def comparable_text(calls: Iterable[Call]) -> str:
    """``calls_text`` in one order, so that equal texts mean the same calls.

    Calls of one message are made in parallel, so their order says nothing.
    """
    return calls_text(sorted(calls, key=_order))


def parse_calls(text: str) -> tuple[Call, ...] | None:
    """The calls that ``calls_text`` wrote; None if the text is anything else."""
    if not text.startswith("[{"):
        return None
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return None
    calls = [_entry(entry) for entry in entries]
    known = tuple(call for call in calls if call is not None)
    return known if len(known) == len(calls) else None


def _call_of(entry: object) -> Call | None:
    if not isinstance(entry, Mapping):
        return None
    custom = entry.get("custom")
    if isinstance(custom, Mapping):
        return Call(_text(custom.get("name")), _text(custom.get("input")), "custom")
    return _function(entry.get("function"))


def _function(value: object) -> Call | None:
    if not isinstance(value, Mapping):
        return None
    return Call.of(_text(value.get("name")), value.get("arguments"))


def _entry(entry: object) -> Call | None:
    """A call as ``Call.to_json`` wrote it."""
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        return None
    if entry.keys() == {"name", "input"} and isinstance(entry["input"], str):
        return Call(entry["name"], entry["input"], "custom")
    if entry.keys() == {"name", "arguments"} and isinstance(entry["arguments"], str | dict):
        return Call.of(entry["name"], entry["arguments"])
    return None


def _order(call: Call) -> tuple[str, str, str]:
    return call.name, call.kind, call.arguments


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _spelled(arguments: object) -> str:
    text = _text(arguments)
    value = _uniform_object(arguments) if isinstance(arguments, Mapping) else _object(text)
    if value is None:
        return text
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is, its equal numbers written alike; None for any other text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return _uniform_object(value) if isinstance(value, dict) else None


def _uniform_object(value: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        return {str(key): _uniform(part) for key, part in value.items()}
    except (ValueError, RecursionError):
        return None


def _uniform(value: Any) -> Any:
    """A JSON value whose equal numbers are written alike, for JSON has but one kind of number.

    Raises:
        ValueError: it holds infinity or NaN, which JSON lacks.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("no number of JSON")
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {str(key): _uniform(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_uniform(part) for part in value]
    return value
