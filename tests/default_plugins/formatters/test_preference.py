from __future__ import annotations

import pytest

from pitchpipe.default_plugins.formatters import PreferenceFormatter
from pitchpipe.errors import DataError


def test_texts_become_messages(frame, records) -> None:
    formatter = PreferenceFormatter(system="Be kind.", max_tokens=9, stop=("!",))
    chunk = frame(prompt=["q"], preferred_output=[1], non_preferred_output=["b"])
    [row] = records(formatter.apply(chunk))
    assert row == {
        "input": {
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "q"},
            ]
        },
        "preferred_output": [{"role": "assistant", "content": "1"}],
        "non_preferred_output": [{"role": "assistant", "content": "b"}],
    }
    request = formatter.request(row)
    assert request.endpoint == "chat.completions"
    assert request.body["messages"] == row["input"]["messages"]
    assert (request.body["stop"], request.body["max_completion_tokens"]) == (["!"], 9)
    assert formatter.reference(row) == "1"


def test_messages_pass_with_their_tools(frame, talk, records) -> None:
    answer = [{"role": "assistant", "content": "a"}]
    given = {"messages": talk("q"), "tools": [{"type": "function"}]}
    chunk = frame(
        input=[given, talk("r")], preferred_output=[answer, "a"], non_preferred_output=["b", answer]
    )
    formatter = PreferenceFormatter()
    assert not formatter.is_formatted(chunk)
    made = formatter.apply(chunk)
    assert formatter.is_formatted(made)
    first, second = records(made)
    assert first["input"] == given
    assert second["input"] == {"messages": talk("r")}
    assert first["preferred_output"] == second["preferred_output"] == answer
    assert formatter.request(first).body["tools"] == given["tools"]


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("input", {"messages": "odd"}, "expected a list of messages"),
        ("input", [], "expected a list of messages"),
        ("input", None, "the cell is empty"),
        ("preferred_output", [], "expected a list of messages"),
        ("preferred_output", {"role": "assistant"}, "expected text, a number or a boolean"),
        ("non_preferred_output", None, "the cell is empty"),
    ],
)
def test_a_cell_that_cannot_be_used_is_named_by_its_place(column, cell, message, frame) -> None:
    chunk = frame(input=["q"] * 2, preferred_output=["a"] * 2, non_preferred_output=["b"] * 2)
    chunk.at[3, column] = cell
    with pytest.raises(DataError, match=f"line 3, column '{column}': {message}"):
        PreferenceFormatter().apply(chunk)


@pytest.mark.parametrize(
    ("available", "source"),
    [(["input", "prompt"], "input"), (["prompt"], "prompt"), ([], "input")],
)
def test_the_input_goes_by_two_names(available, source) -> None:
    needed = (source, "preferred_output", "non_preferred_output")
    assert PreferenceFormatter().required_columns(available) == needed


@pytest.mark.parametrize("missing", ["input", "preferred_output", "non_preferred_output"])
def test_a_record_has_all_three(missing, frame, talk) -> None:
    columns = {
        "input": [{"messages": talk("q")}],
        "preferred_output": [talk("a")],
        "non_preferred_output": [talk("b")],
    }
    formatter = PreferenceFormatter()
    assert formatter.is_formatted(frame(**columns))
    del columns[missing]
    assert not formatter.is_formatted(frame(**columns))


def test_one_output_without_the_other_is_an_error(frame) -> None:
    chunk = frame(input=["q"], preferred_output=["a"])
    with pytest.raises(DataError, match="column 'non_preferred_output' is missing"):
        PreferenceFormatter().apply(chunk)


def test_an_answer_without_text_has_no_reference(talk) -> None:
    record = {
        "input": {"messages": talk("q")},
        "preferred_output": [{"role": "assistant", "tool_calls": [{}]}],
    }
    assert PreferenceFormatter().reference(record) is None
