from __future__ import annotations

from pitchpipe.service.learners.texts import Example, Reply, examples_of, prompt_of


def test_completion() -> None:
    assert list(examples_of({"prompt": "a ->", "completion": " b"})) == [
        Example("a ->", Reply(" b"))
    ]


def test_every_weighted_turn_of_the_assistant_is_an_example() -> None:
    record = {
        "messages": [
            {"role": "system", "content": "s"},
            {"role": "user", "content": [{"type": "text", "text": "u"}]},
            {"role": "assistant", "content": "one", "weight": 0},
            {"role": "user", "content": "v"},
            {"role": "assistant", "content": "two", "weight": 1},
            {"role": "assistant", "content": "three"},
        ]
    }
    assert list(examples_of(record)) == [
        Example("s\nu\none\nv", Reply("two")),
        Example("s\nu\none\nv\ntwo", Reply("three")),
    ]


def test_a_tool_call_is_an_answer() -> None:
    call = {"type": "function", "function": {"name": "sum", "arguments": '{"of": [1, 2]}'}}
    record = {"messages": [{"role": "assistant", "content": None, "tool_calls": [call, {}]}]}
    sum_of = Reply(calls='[{"name": "sum", "arguments": {"of": [1, 2]}}]')
    assert list(examples_of(record)) == [Example("", sum_of)]


def test_calls_and_refusals_are_read_however_they_are_written() -> None:
    old = {"role": "assistant", "function_call": {"name": "f", "arguments": '{ "a":1.0 }'}}
    custom = {"type": "custom", "custom": {"name": "sh", "input": "ls"}}
    for message, reply in (
        (old, Reply(calls='[{"name": "f", "arguments": {"a": 1}}]')),
        (old | {"content": "I look."}, Reply("I look.", '[{"name": "f", "arguments": {"a": 1}}]')),
        ({"tool_calls": [custom]}, Reply(calls='[{"name": "sh", "input": "ls"}]')),
        ({"content": None, "refusal": "No."}, Reply(refusal="No.")),
        ({"content": [{"type": "refusal", "refusal": "No."}]}, Reply(refusal="No.")),
        ({"tool_calls": 3, "function_call": "f", "refusal": None}, Reply()),
    ):
        record = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", **message}]}
        assert list(examples_of(record)) == [Example("q", reply)]


def test_the_tools_at_hand_are_part_of_the_question() -> None:
    declared = {
        "tools": [{"type": "function", "function": {"name": "dig"}}, {"custom": {"name": "sh"}}],
        "functions": [{"name": "water"}, {"name": None}, 3],
    }
    asked = {"messages": [{"role": "user", "content": "q"}], **declared}
    assert prompt_of(asked) == "dig\nsh\nwater\n\nq"
    record = {**asked, "messages": [*asked["messages"], {"role": "assistant", "content": "a"}]}
    assert list(examples_of(record)) == [Example(prompt_of(asked), Reply("a"))]
    assert prompt_of({**asked, "tools": None, "functions": "x"}) == "q"


def test_preference() -> None:
    record = {
        "input": {"messages": [{"role": "user", "content": "q"}]},
        "preferred_output": [{"role": "assistant", "content": "a"}],
        "non_preferred_output": [{"role": "assistant", "content": "b"}],
    }
    assert list(examples_of(record)) == [Example("q", Reply("a"), Reply("b"))]
    assert list(examples_of({"preferred_output": []})) == [Example("", Reply(), Reply())]


def test_records_without_an_answer_teach_nothing() -> None:
    for record in ({}, {"prompt": "a"}, {"messages": None}, {"messages": "text"}):
        assert list(examples_of(record)) == []


def test_what_a_request_asks() -> None:
    assert prompt_of({"prompt": ["a", 7]}) == "a 7"
    assert prompt_of({}) == ""
    assert prompt_of({"messages": [{"role": "user", "content": "hi"}, 3, {}]}) == "hi\n"
