"""Calls of tools as answers."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.calls import Call, calls_of, calls_text, comparable_text, parse_calls

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(st.text(max_size=3), VALUES, max_size=4)
NAMES = st.sampled_from(["water", "dig", "wäter"])


def shuffled(value: Any, rng: random.Random) -> Any:
    """The same JSON value, with the keys of its objects in another order."""
    if isinstance(value, dict):
        keys = list(value)
        rng.shuffle(keys)
        return {key: shuffled(value[key], rng) for key in keys}
    return [shuffled(part, rng) for part in value] if isinstance(value, list) else value


def spaced(value: Any, rng: random.Random) -> str:
    """JSON text with white space and escapes as nobody would write them."""
    return "\n " + json.dumps(
        value,
        indent=rng.choice([None, 0, 3]),
        separators=rng.choice([(",", ":"), (" ,  ", " :\t")]),
        ensure_ascii=rng.random() < 0.5,
    )


def same(a: Any, b: Any) -> bool:
    """Whether two JSON values are equal; numbers by value, and truth values are no numbers."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


@given(NAMES, ARGUMENTS, st.randoms(use_true_random=False))
def test_calls_are_equal_whatever_the_order_of_keys_and_the_white_space(
    name: str, arguments: dict[str, Any], rng: random.Random
) -> None:
    one = Call.of(name, json.dumps(arguments))
    other = Call.of(name, spaced(shuffled(arguments, rng), rng))
    assert one == other == Call.of(name, arguments)
    assert calls_text([one]) == calls_text([other])


@given(NAMES, NAMES, ARGUMENTS, ARGUMENTS)
def test_calls_of_another_name_or_other_arguments_differ(
    name: str, other_name: str, arguments: dict[str, Any], others: dict[str, Any]
) -> None:
    one, other = Call.of(name, json.dumps(arguments)), Call.of(other_name, json.dumps(others))
    expected = name == other_name and same(arguments, others)
    assert (one == other) is expected
    assert (calls_text([one]) == calls_text([other])) is expected


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        ('{"a": 1}', '{"a": 1.0}', True),
        ('{"a": 1}', '{"a": true}', False),
        ('{"a": 0}', '{"a": false}', False),
        ('{"a": 0}', '{"a": -0.0}', True),
        ('{"a": 1e2}', '{"a":100}', True),
        ('{"a": 1}', '{"a": "1"}', False),
        ('{"a": "x y"}', '{"a": "xy"}', False),
        ('{"a": [1, 2]}', '{"a": [2, 1]}', False),
        ('{"a": null}', "{}", False),
        ('{"a": "\\u00e9"}', '{"a": "é"}', True),
        ("{'a': 1}", '{"a": 1}', False),
        ("", "{}", False),
        ('{"a": NaN}', '{"a": NaN}', True),
        ('{"a": 1e999}', '{"a": 1e999 }', False),
    ],
)
def test_what_counts_as_the_same_arguments(a: str, b: str, equal: bool) -> None:
    assert (Call.of("f", a) == Call.of("f", b)) is equal


@given(st.lists(st.builds(Call.of, NAMES, ARGUMENTS | st.text(max_size=4)), min_size=1, max_size=4))
def test_calls_come_back_from_their_text(calls: list[Call]) -> None:
    assert parse_calls(calls_text(calls)) == tuple(calls)
    assert "\n" not in calls_text(calls)


@given(
    st.lists(st.builds(Call.of, NAMES, ARGUMENTS), max_size=4), st.randoms(use_true_random=False)
)
def test_the_order_of_parallel_calls_does_not_matter_but_their_number_does(
    calls: list[Call], rng: random.Random
) -> None:
    other = list(calls)
    rng.shuffle(other)
    assert comparable_text(calls) == comparable_text(other)
    if calls:
        assert comparable_text([*calls, calls[0]]) != comparable_text(calls)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "hello",
        "[{",
        "[{}, 3]",
        '[{"a": 1}]',
        '[{"name": "f"}]',
        '[{"name": 1, "arguments": {}}]',
        '[{"name": "f", "arguments": 3}]',
        '[{"name": "f", "arguments": {}, "id": "c"}]',
    ],
)
def test_other_texts_are_no_calls(text: str) -> None:
    assert parse_calls(text) is None


def test_calls_are_found_in_either_form_of_a_message() -> None:
    function = {"name": "f", "arguments": '{"b": 2, "a": 1}'}
    new = {"id": "c1", "type": "function", "function": function}
    custom = {"id": "c2", "type": "custom", "custom": {"name": "sh", "input": "ls -l"}}
    assert calls_of({"tool_calls": [new]}) == calls_of({"function_call": function})
    (one, two) = calls_of({"tool_calls": [new, custom]})
    assert one == Call("f", '{"a": 1, "b": 2}')
    assert two == Call("sh", "ls -l", "custom")
    assert calls_text([one, two]) == (
        '[{"name": "f", "arguments": {"a": 1, "b": 2}}, {"name": "sh", "input": "ls -l"}]'
    )


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"content": "x"},
        {"tool_calls": None, "function_call": None},
        {"tool_calls": "f"},
        {"tool_calls": []},
        {"tool_calls": [{}, 3, {"function": None}]},
        {"function_call": "auto"},
    ],
)
def test_messages_without_calls(message: dict[str, Any]) -> None:
    assert calls_of(message) == ()


def test_odd_calls_are_kept_as_they_are() -> None:
    odd = [{"function": {}}, {"function": {"name": 3, "arguments": [1]}}, {"custom": {}}]
    assert calls_of({"tool_calls": odd}) == (
        Call("", ""),
        Call("3", "[1]"),
        Call("", "", "custom"),
    )
    deep = "[" * 100_000
    assert Call.of("f", f'{{"a": {deep}').arguments == f'{{"a": {deep}'
