from __future__ import annotations

from pitchpipe.service.learners.texts import Example, examples_of, prompt_of


def test_completion() -> None:
    assert list(examples_of({"prompt": "a ->", "completion": " b"})) == [Example("a ->", " b")]


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
        Example("s\nu\none\nv", "two"),
        Example("s\nu\none\nv\ntwo", "three"),
    ]


def test_a_tool_call_is_an_answer() -> None:
    call = {"type": "function", "function": {"name": "sum", "arguments": '{"of": [1, 2]}'}}
    record = {"messages": [{"role": "assistant", "content": None, "tool_calls": [call, {}]}]}
    assert list(examples_of(record)) == [Example("", 'sum({"of": [1, 2]})')]


def test_preference() -> None:
    record = {
        "input": {"messages": [{"role": "user", "content": "q"}]},
        "preferred_output": [{"role": "assistant", "content": "a"}],
        "non_preferred_output": [{"role": "assistant", "content": "b"}],
    }
    assert list(examples_of(record)) == [Example("q", "a", "b")]
    assert list(examples_of({"preferred_output": []})) == [Example("", "", "")]


def test_records_without_an_answer_teach_nothing() -> None:
    for record in ({}, {"prompt": "a"}, {"messages": None}, {"messages": "text"}):
        assert list(examples_of(record)) == []


def test_what_a_request_asks() -> None:
    assert prompt_of({"prompt": ["a", 7]}) == "a 7"
    assert prompt_of({}) == ""
    assert prompt_of({"messages": [{"role": "user", "content": "hi"}, 3, {}]}) == "hi\n"
