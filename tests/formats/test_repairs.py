"""Records that mean one thing and write it another way."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.formats.conversations import faults_of_chat, faults_of_preference
from pitchpipe.formats.faults import SAYINGS
from pitchpipe.formats.repairs import REPAIRS, repaired

USER = {"role": "user", "content": "q"}
REPLY = {"role": "assistant", "content": "a"}
OTHER = {"role": "assistant", "content": "b"}
FUNCTION = {"name": "f", "parameters": {"type": "object", "properties": {"x": {}}}}
NEEDING = {"name": "f", "parameters": {**FUNCTION["parameters"], "required": ["x"]}}
TOOL = {"type": "function", "function": FUNCTION}
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
PAIR = {
    "input": {"messages": [USER]},
    "preferred_output": [REPLY],
    "non_preferred_output": [OTHER],
}


def chat(*messages: Any, **beside: Any) -> dict[str, Any]:
    return {"messages": list(messages), **beside}


def called(arguments: Any, **more: Any) -> dict[str, Any]:
    call = {**CALL, "function": {"name": "f", "arguments": arguments}, **more}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


@pytest.mark.parametrize(
    ("kind", "record", "expected"),
    [
        ("text messages", {"messages": json.dumps([USER, REPLY])}, chat(USER, REPLY)),
        ("text messages", chat(json.dumps(USER), REPLY), chat(USER, REPLY)),
        ("text messages", {**PAIR, "input": json.dumps(PAIR["input"])}, PAIR),
        ("text messages", {**PAIR, "preferred_output": json.dumps([REPLY])}, PAIR),
        ("wrapping", {"messages": USER}, chat(USER)),
        ("wrapping", chat([USER, REPLY]), chat(USER, REPLY)),
        ("wrapping", chat([USER], [REPLY]), chat(USER, REPLY)),
        ("wrapping", {"messages": chat(USER, REPLY)}, chat(USER, REPLY)),
        ("wrapping", {**PAIR, "preferred_output": REPLY}, PAIR),
        ("wrapping", {**PAIR, "input": USER}, PAIR),
        ("wrapping", {**PAIR, "input": [PAIR["input"]]}, PAIR),
        ("wrapping", {**PAIR, "input": {"messages": USER}}, PAIR),
        ("null keys", chat(USER, {**REPLY, "refusal": None, "audio": None}), chat(USER, REPLY)),
        ("padding", chat({**USER, "name": None}, {**REPLY, "weight": None}), chat(USER, REPLY)),
        ("padding", chat(USER, {**REPLY, "tool_calls": []}), chat(USER, REPLY)),
        ("padding", chat(USER, {**REPLY, "function_call": {}}), chat(USER, REPLY)),
        ("padding", chat(USER, {**REPLY, "annotations": []}), chat(USER, REPLY)),
        ("padding", {**PAIR, "preferred_output": [{**REPLY, "name": None}]}, PAIR),
        ("side keys", chat(USER, {**REPLY, "annotations": [{"a": 1}]}), chat(USER, REPLY)),
        ("side keys", chat(USER, {**REPLY, "reasoning_content": "hm"}), chat(USER, REPLY)),
        ("spelled role", chat({**USER, "role": "User"}, REPLY), chat(USER, REPLY)),
        ("spelled role", chat(USER, {**REPLY, "role": " ASSISTANT"}), chat(USER, REPLY)),
        ("spelled role", chat(USER, {**REPLY, "role": "gpt"}), chat(USER, REPLY)),
        (
            "spelled content",
            chat({**USER, "content": 5}, REPLY),
            chat({**USER, "content": "5"}, REPLY),
        ),
        (
            "spelled content",
            chat({**USER, "content": [{"type": "input_text", "text": "q"}, "r"]}, REPLY),
            chat(
                {**USER, "content": [{"type": "text", "text": "q"}, {"type": "text", "text": "r"}]},
                REPLY,
            ),
        ),
        (
            "spelled content",
            chat({**USER, "content": {"type": "input_image", "image_url": "u"}}, REPLY),
            chat({**USER, "content": [{"type": "image_url", "image_url": {"url": "u"}}]}, REPLY),
        ),
        (
            "spelled content",
            chat({"role": "tool", "tool_call_id": "1", "content": {"x": [1]}}),
            chat({"role": "tool", "tool_call_id": "1", "content": '{"x": [1]}'}),
        ),
        ("stray weight", chat({**USER, "weight": 1}, REPLY), chat(USER, REPLY)),
        ("stray weight", chat({**REPLY, "weight": 1.0}), chat({**REPLY, "weight": 1})),
        ("stray weight", chat({**REPLY, "weight": "0"}), chat({**REPLY, "weight": 0})),
        ("spelled tools", chat(USER, functions=[TOOL]), chat(USER, functions=[FUNCTION])),
        ("spelled tools", chat(USER, tools=[FUNCTION]), chat(USER, tools=[TOOL])),
        ("spelled tools", chat(USER, tools=TOOL), chat(USER, tools=[TOOL])),
        ("spelled tools", chat(USER, tools=[{"function": FUNCTION}]), chat(USER, tools=[TOOL])),
        (
            "spelled tools",
            chat(USER, tools=[{"type": "function", **FUNCTION}]),
            chat(USER, tools=[TOOL]),
        ),
        ("spelled tools", chat(USER, tools=json.dumps([TOOL])), chat(USER, tools=[TOOL])),
        ("empty tools", chat(USER, tools=[], parallel_tool_calls=True), chat(USER)),
        ("empty tools", {**PAIR, "input": {**PAIR["input"], "tools": []}}, PAIR),
        ("empty functions", chat(USER, functions=[]), chat(USER)),
        ("spelled call", chat(called({"x": 1})), chat(called('{"x": 1}'))),
        ("spelled call", chat(called('{"x": "a\nb"}')), chat(called('{"x": "a\\nb"}'))),
        ("spelled call", chat(called('"{}"')), chat(called("{}"))),
        ("spelled call", chat(called(" "), tools=[TOOL]), chat(called("{}"), tools=[TOOL])),
        (
            "spelled call",
            chat({**REPLY, "function_call": {"name": "f", "arguments": {}}}),
            chat({**REPLY, "function_call": {"name": "f", "arguments": "{}"}}),
        ),
        (
            "spelled call",
            chat({**REPLY, "tool_calls": {"id": "1", "function": CALL["function"]}}),
            chat({**REPLY, "tool_calls": [CALL]}),
        ),
        (
            "spelled call",
            chat({**REPLY, "tool_calls": [{"id": "1", "name": "f", "arguments": "{}"}]}),
            chat({**REPLY, "tool_calls": [CALL]}),
        ),
        (
            "unnamed answer",
            chat(called("{}"), {"role": "tool", "content": "x"}),
            chat(called("{}"), {"role": "tool", "content": "x", "tool_call_id": "1"}),
        ),
        (
            "unnamed answer",
            chat(
                {**REPLY, "function_call": CALL["function"]}, {"role": "function", "content": "x"}
            ),
            chat(
                {**REPLY, "function_call": CALL["function"]},
                {"role": "function", "content": "x", "name": "f"},
            ),
        ),
    ],
)
def test_a_record_is_written_as_the_api_takes_it(
    kind: str, record: dict[str, Any], expected: dict[str, Any]
) -> None:
    before = copy.deepcopy(record)
    better, faults = repaired(record)
    assert [fault.kind for fault in faults] == [kind]
    assert json.dumps(better, sort_keys=True) == json.dumps(expected, sort_keys=True)
    assert record == before, "what is given stays as it is"
    assert repaired(better) == (better, [])


@pytest.mark.parametrize(
    "record",
    [
        {"messages": "hello"},
        {"messages": "[1, 2]"},
        chat(USER, {**REPLY, "loss": False}),
        chat({**USER, "role": "customer"}, REPLY),
        chat({**USER, "content": {"a": 1}}, REPLY),
        chat(USER, {**REPLY, "weight": 0.5}),
        chat(called("{'x': 1}")),
        chat(called("[]")),
        chat(called(""), tools=[{"type": "function", "function": NEEDING}]),
        chat(called("")),
        chat(called("{}"), {"role": "tool", "content": "x", "tool_call_id": "2"}),
        chat(USER, tools={"f": 1}),
        {**PAIR, "preferred_output": "[1, 2] is the answer"},
        {**PAIR, "preferred_output": [REPLY, OTHER]},
    ],
)
def test_what_only_its_writer_knows_stays_as_it_is(record: dict[str, Any]) -> None:
    better, faults = repaired(record)
    assert better is record
    assert faults == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "messages", "tools", "tool_calls", "type"]), inner
        )
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["messages", "tools", "functions", *PAIR]), JSON))
def test_repairs_come_to_an_end_whatever_stands_there(record: dict[str, Any]) -> None:
    better, faults = repaired(record)
    assert (better is record) == (not faults)
    again, left = repaired(better)
    assert again is better, left
    chat_faults = faults_of_chat(better.get("messages"), better, "learnt")
    pair = (better.get(key) for key in ("preferred_output", "non_preferred_output"))
    for fault in [*chat_faults, *faults_of_preference({}, *pair)]:
        assert fault.kind in SAYINGS or fault.kind == "image"


def test_every_repair_says_what_it_found() -> None:
    assert REPAIRS.keys() <= SAYINGS.keys()


def test_tools_as_anthropic_has_them_keep_their_parameters() -> None:
    tool = {"name": "f", "input_schema": FUNCTION["parameters"], "cache_control": {}}
    record, faults = repaired(chat(USER, REPLY, tools=[tool]))
    assert record["tools"] == [TOOL]
    assert [fault.kind for fault in faults] == ["spelled tools"]


@pytest.mark.parametrize("kind", [{}, {"type": "tool_call"}])
def test_calls_as_langchain_has_them_keep_their_arguments(kind: dict[str, str]) -> None:
    call = {"name": "f", "args": {"x": 1}, "id": "1", **kind}
    said = {"role": "assistant", "content": None, "tool_calls": [call]}
    record, _ = repaired(chat(USER, said, tools=[TOOL]))
    assert record["messages"][1] == called('{"x": 1}')


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_arguments_with_a_number_that_json_lacks_are_no_json(number: str) -> None:
    record, _ = repaired(chat(USER, called(f'{{"x": {number}}}'), tools=[TOOL]))
    assert [f.kind for f in faults_of_chat(record["messages"], record, "learnt")] == [
        "odd arguments"
    ]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (REPLY, {**REPLY, "content": [{"type": "text", "text": "a"}]}),
        (called('{"x": 1}'), called('{ "x":1.0 }', id="2")),
    ],
)
def test_outputs_that_say_the_same_in_other_words_are_equal(better: Any, worse: Any) -> None:
    given = {"messages": [USER], "tools": [TOOL]}
    assert [f.kind for f in faults_of_preference(given, [better], [worse])] == ["same answers"]
    other = called('{"x": 2}', id="2")
    assert not list(faults_of_preference(given, [better], [other]))


def test_an_empty_key_that_goes_from_an_output_is_a_change() -> None:
    output = {"role": "assistant", "content": "a", "tools": None, "messages": 1}
    record, faults = repaired({**PAIR, "preferred_output": output})
    assert "tools" not in record["preferred_output"][0]
    assert "padding" in [fault.kind for fault in faults]
