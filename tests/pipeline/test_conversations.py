"""Files of conversations as they are found in the wild: what becomes of them, and what is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pitchpipe import Pipeline
from pitchpipe.errors import InvalidDataError

Make = Callable[..., Pipeline]
Record = dict[str, Any]

NUMBERS = range(20)
FUNCTION = {
    "name": "price",
    "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
}
TOOL = {"type": "function", "function": FUNCTION}


def user(n: int, **more: Any) -> Record:
    return {"role": "user", "content": f"What costs number {n}?", **more}


def says(n: int, **more: Any) -> Record:
    return {"role": "assistant", "content": f"{n} coins.", **more}


def asks(n: int, arguments: Any = None) -> Record:
    given = json.dumps({"n": n}) if arguments is None else arguments
    function = {"name": "price", "arguments": given}
    call = {"id": f"c{n}", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def tells(n: int) -> Record:
    return {"role": "tool", "tool_call_id": f"c{n}", "content": str(n)}


def chat(*messages: Record, **beside: Any) -> Record:
    return {"messages": list(messages), **beside}


def pair(n: int, **changed: Any) -> Record:
    return {
        "input": {"messages": [user(n)]},
        "preferred_output": [says(n)],
        "non_preferred_output": [{"role": "assistant", "content": "No idea."}],
        **changed,
    }


def padded(message: Record) -> Record:
    empty = {"refusal": None, "audio": None, "function_call": None, "tool_calls": None}
    return {**empty, "annotations": [], **message}


CORRECTED: dict[str, tuple[Callable[[int], Record], Callable[[int], Record], str]] = {
    "messages as text": (
        lambda n: {"messages": json.dumps([user(n), says(n)])},
        lambda n: chat(user(n), says(n)),
        "message-shape",
    ),
    "a dump of an SDK": (
        lambda n: chat(user(n), padded(asks(n)), tells(n), padded(says(n)), tools=[TOOL]),
        lambda n: chat(user(n), asks(n), tells(n), says(n), tools=[TOOL]),
        "message-shape",
    ),
    "no tools": (
        lambda n: chat(user(n), says(n, tool_calls=[]), tools=[], functions=[]),
        lambda n: chat(user(n), says(n)),
        "tool-schemas",
    ),
    "the names of another format": (
        lambda n: chat(user(n) | {"role": "Human"}, says(n) | {"role": "gpt"}),
        lambda n: chat(user(n), says(n)),
        "message-roles",
    ),
    "weights that equal whole numbers": (
        lambda n: chat(user(n), says(n, weight=1.0)),
        lambda n: chat(user(n), says(n, weight=1)),
        "message-weight",
    ),
    "arguments as an object": (
        lambda n: chat(user(n), asks(n, {"n": n}), tools=[FUNCTION]),
        lambda n: chat(user(n), asks(n), tools=[TOOL]),
        "tool-calls",
    ),
    "line breaks in arguments": (
        lambda n: chat(user(n), asks(n, f'{{"n": "{n}\n"}}')),
        lambda n: chat(user(n), asks(n, json.dumps({"n": f"{n}\n"}))),
        "tool-calls",
    ),
    "a preference of single messages": (
        lambda n: pair(n, input=user(n), preferred_output=says(n)),
        pair,
        "message-shape",
    ),
    "a preference without tools": (
        lambda n: pair(n, input={"messages": [user(n)], "tools": [], "parallel_tool_calls": True}),
        pair,
        "tool-schemas",
    ),
}


def prepared(make: Make, folder: Path, made: Callable[[int], Record]) -> tuple[Any, list[Record]]:
    source = folder / "rows.jsonl"
    source.write_text("".join(json.dumps(made(n)) + "\n" for n in NUMBERS), encoding="utf-8")
    method = "dpo" if "input" in made(0) else "supervised"
    training = {"model": "gpt-4.1-mini-2025-04-14", "method": method}
    data = make(training=training).prepare(source, folder / "out")
    paths = [path for path in (data.train, data.valid) if path]
    lines = [line for path in paths for line in path.read_text("utf-8").splitlines()]
    return data, list(map(json.loads, lines))


def written(records: list[Record]) -> list[str]:
    return sorted(json.dumps(record, sort_keys=True) for record in records)


@pytest.mark.parametrize("name", CORRECTED)
def test_what_has_one_meaning_is_corrected_and_logged(
    make_pipeline: Make, tmp_path: Path, name: str
) -> None:
    made, expected, rule = CORRECTED[name]
    data, records = prepared(make_pipeline, tmp_path, made)
    assert written(records) == written([expected(n) for n in NUMBERS])
    assert rule in data.applied
    entries = map(json.loads, data.changes.read_text("utf-8").splitlines())
    assert sum(entry["rule"] == rule for entry in entries) >= len(NUMBERS)


REFUSED: dict[str, tuple[Callable[[int], Record], str]] = {
    "arguments of Python": (lambda n: chat(user(n), asks(n, "{'n': 1}")), "tool-calls"),
    "empty arguments for a function that needs some": (
        lambda n: chat(user(n), asks(n, " "), tools=[TOOL]),
        "tool-calls",
    ),
    "a call that nobody answers": (lambda n: chat(user(n), asks(n), says(n)), "tool-calls"),
    "a tool that is not declared": (
        lambda n: chat(user(n), asks(n), tools=[{**TOOL, "function": {"name": "dig"}}]),
        "tool-calls",
    ),
    "a key that may mean something": (
        lambda n: chat(user(n), says(n, train=False)),
        "message-shape",
    ),
    "a role that could be anybody's": (
        lambda n: chat(user(n) | {"role": "customer"}, says(n)),
        "message-roles",
    ),
    "thoughts among the parts": (
        lambda n: chat(user(n), says(n) | {"content": [{"type": "thinking", "thinking": "hm"}]}),
        "message-content",
    ),
    "a preferred way to an answer": (
        lambda n: pair(n, preferred_output=[asks(n), tells(n), says(n)]),
        "preference-pairs",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_only_its_writer_knows_is_refused_with_its_lines(
    make_pipeline: Make, tmp_path: Path, name: str
) -> None:
    made, rule = REFUSED[name]
    with pytest.raises(InvalidDataError, match=rf"rows\.jsonl, line 1, 2, .*: {rule}: 20 rows"):
        prepared(make_pipeline, tmp_path, made)
