"""Tools and their calls, as ShareGPT's JSON texts and as ours."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pitchpipe_formats.fields import Message, UnfitError, shown


class Calls:
    """The calls of one conversation that no tool has answered yet, oldest first.

    ShareGPT knows none of the ids by which ours tell calls apart: they are numbered as they come,
    and answered in that order.
    """

    def __init__(self) -> None:
        self._made = 0
        self._open: list[str] = []

    def read(self, value: str, column: str) -> list[Message]:
        """The calls that a JSON text spells: one, or a list of them.

        Raises:
            UnfitError: it spells none.
        """
        found = _json(value, column)
        calls = found if isinstance(found, list) else [found]
        if not calls or not all(_is_call(call) for call in calls):
            raise UnfitError(
                column,
                f'expected calls as JSON with "name" and "arguments"; found {shown(value)}.',
            )
        return [self._call(call) for call in calls]

    def write(self, calls: Sequence[Mapping[str, Any]], column: str) -> str:
        """The JSON text of some calls.

        Raises:
            UnfitError: one is no call of a function, or its arguments are not JSON.
        """
        made = []
        for call in calls:
            function = call.get("function")
            if not isinstance(function, Mapping) or "name" not in function:
                raise UnfitError(column, f"expected calls of functions; found {shown(call)}.")
            self._open.append(str(call.get("id")))
            arguments = _json(function.get("arguments", "{}"), column)
            made.append({"name": function["name"], "arguments": arguments})
        return _text(made[0] if len(made) == 1 else made)

    def answered(self, column: str) -> str:
        """The id of the oldest call that is open, which is no more.

        Raises:
            UnfitError: there is none.
        """
        if not self._open:
            raise UnfitError(column, "a tool answers, and no call is open.")
        return self._open.pop(0)

    def _call(self, call: Mapping[str, Any]) -> Message:
        self._made += 1
        self._open.append(f"call_{self._made}")
        function = {"name": call["name"], "arguments": _text(call["arguments"])}
        return {"id": self._open[-1], "type": "function", "function": function}


def as_tools(value: object, column: str) -> list[Message]:
    """The tools that are declared, as a list or as its JSON text; nothing declares none.

    Raises:
        UnfitError: it is neither.
    """
    found = _json(value, column) if isinstance(value, str) and value.strip() else value
    if not found:
        return []
    if isinstance(found, list) and all(isinstance(tool, Mapping) for tool in found):
        return [
            dict(tool) if "function" in tool else {"type": "function", "function": dict(tool)}
            for tool in found
        ]
    raise UnfitError(column, f"expected a list of tools; found {shown(value)}.")


def written_tools(tools: Sequence[Mapping[str, Any]]) -> str:
    """The JSON text that declares some tools."""
    return _text([tool.get("function", tool) for tool in tools])


def _is_call(call: object) -> bool:
    return isinstance(call, Mapping) and isinstance(call.get("name"), str) and "arguments" in call


def _json(value: object, column: str) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise UnfitError(column, f"expected JSON; found {shown(value)}.") from None


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
