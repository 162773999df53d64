from __future__ import annotations

import pytest

from pitchpipe.default_plugins.formatters import ChatFormatter
from pitchpipe.errors import DataError

TOOLS = [{"type": "function", "function": {"name": "look_up"}}]
AB = ' { "a" : 1, "b" : 2 } '
A_THEN_B = '[{"name": "f", "arguments": {"a": 1, "b": 2}}]'


def call(name, arguments="{}"):
    return {"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}


def test_a_row_becomes_a_talk(frame, records) -> None:
    formatter = ChatFormatter(
        system="Tag it.", labels={"pos": "positive"}, max_tokens=3, stop=("!",)
    )
    [row] = records(formatter.apply(frame(prompt=[5], completion=["pos"])))
    assert row == {
        "messages": [
            {"role": "system", "content": "Tag it."},
            {"role": "user", "content": "5"},
            {"role": "assistant", "content": "positive"},
        ]
    }
    request = formatter.request(row)
    assert request.endpoint == "chat.completions"
    assert request.body == {
        "messages": row["messages"][:2],
        "temperature": 0,
        "logprobs": True,
        "top_logprobs": 5,
        "stop": ["!"],
        "max_completion_tokens": 3,
    }
    assert formatter.parse("positive") == "pos"


def test_talks_pass_with_all_that_training_knows(frame, talk) -> None:
    messages = [*talk("q", "a", "r"), {"role": "assistant", "content": "b", "weight": 1}]
    messages[1]["weight"] = 0
    chunk = frame(
        prompt=["ignored"],
        messages=[messages],
        tools=[TOOLS],
        parallel_tool_calls=[False],
        functions=[None],
        note=["left out"],
    )
    formatter = ChatFormatter(system="for made talks only")
    assert formatter.is_formatted(chunk)
    made = formatter.apply(chunk)
    assert list(made.columns) == ["messages", "tools", "parallel_tool_calls", "functions"]
    row = made.iloc[0].to_dict()
    assert row["messages"] == messages
    body = formatter.request(row).body
    assert body["messages"] == talk("q", "a", "r")
    assert (body["tools"], body["parallel_tool_calls"]) == (TOOLS, False)
    assert not {"functions", "stop", "max_completion_tokens"} & set(body)
    assert formatter.reference(row) == "b"


def test_what_graders_need_stays_beside_the_messages(frame, records, talk) -> None:
    formatter = ChatFormatter(extras=True)
    chunk = frame(
        answer=["a", "b"], messages=[talk("q"), talk("q")], tools=[TOOLS, None], hint=[None, {}]
    )
    made = formatter.apply(chunk)
    first, second = records(made)
    assert first == {"answer": "a", "messages": talk("q"), "tools": TOOLS}
    assert second == {"answer": "b", "messages": talk("q"), "hint": {}}
    assert formatter.request(first).body["messages"] == talk("q")
    assert formatter.reference(first) is None
    assert formatter.questions(made) == [[*talk("q"), TOOLS, None, None], talk("q")]
    assert formatter.answers(made) == [{"answer": "a"}, {"answer": "b", "hint": {}}]


def test_completions_are_for_graders_too(frame, records) -> None:
    formatter = ChatFormatter(system="Tag it.", labels={"pos": "positive"}, extras=True)
    made = formatter.apply(frame(prompt=["x"], completion=["pos"]))
    [row] = records(made)
    assert row["completion"] == "positive"
    assert [message["role"] for message in row["messages"]] == ["system", "user"]
    assert formatter.request(row).body["messages"] == row["messages"]
    assert formatter.parse(formatter.reference(row)) == "pos"
    assert formatter.answers(made) == ["positive"]
    assert formatter.answers(formatter.apply(frame(prompt=["x"]))) == [None]


def test_questions_are_equal_wherever_their_tools_are_missing(frame, talk) -> None:
    formatter = ChatFormatter()
    with_column = formatter.apply(frame(messages=[talk("q", "a")], tools=[None]))
    without = formatter.apply(frame(messages=[talk("q", "b")]))
    assert formatter.questions(with_column) == formatter.questions(without)


def test_what_is_answered_is_no_part_of_the_question(frame, talk) -> None:
    formatter = ChatFormatter()
    ends = [
        {"role": "assistant", "content": "a"},
        {"role": "assistant", "content": None, "tool_calls": [call("f")]},
        {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "assistant", "content": None, "refusal": "No."},
    ]
    rows = frame(messages=[[*talk("q"), end] for end in ends])
    first, *others = formatter.questions(rows)
    assert all(other == first for other in others)
    said, called, old, refused = formatter.answers(rows)
    assert (said, refused) == ("a", "No.")
    assert called == old == '[{"name": "f", "arguments": {}}]'


@pytest.mark.parametrize(
    ("last", "reference"),
    [
        ({"role": "assistant", "content": None, "tool_calls": [{}]}, None),
        ({"role": "assistant", "tool_calls": [{}]}, None),
        ({"role": "assistant", "content": []}, None),
        (
            {
                "role": "assistant",
                "content": [{"type": "text", "text": "a"}, {"type": "odd"}, {"text": "b"}],
            },
            "ab",
        ),
        ({"role": "assistant", "content": ""}, ""),
        ({"role": "assistant", "tool_calls": [call("f", '{"b":2,"a":1}')]}, A_THEN_B),
        ({"role": "assistant", "content": "I look.", "tool_calls": [call("f", AB)]}, A_THEN_B),
        ({"role": "assistant", "function_call": {"name": "f", "arguments": AB}}, A_THEN_B),
        (
            {"role": "assistant", "content": None, "tool_calls": [call("g"), call("f")]},
            '[{"name": "f", "arguments": {}}, {"name": "g", "arguments": {}}]',
        ),
        ({"role": "assistant", "content": None, "refusal": "No."}, "No."),
        ({"role": "assistant", "content": "", "refusal": "No."}, "No."),
        ({"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}, "No."),
        ({"role": "assistant", "content": "Yes.", "refusal": None, "tool_calls": None}, "Yes."),
        ({"role": "user", "content": "r"}, None),
        ({"role": "tool", "content": "r"}, None),
    ],
)
def test_the_reference_is_what_a_closing_message_answers(last, reference, frame, talk) -> None:
    formatter = ChatFormatter()
    record = {"messages": [*talk("q"), last]}
    assert formatter.reference(record) == reference
    [answer] = formatter.answers(frame(messages=[record["messages"]]))
    assert answer == reference or isinstance(answer, list)
    asked = 1 if last["role"] == "assistant" else 2
    assert len(formatter.request(record).body["messages"]) == asked


@pytest.mark.parametrize(
    "cell", [None, [], "text", [{"content": "no role"}], [1], {"messages": []}]
)
def test_a_cell_that_is_no_talk_is_named_by_its_place(cell, frame, talk) -> None:
    chunk = frame(unit="record", messages=[talk("q", "a"), cell])
    assert not ChatFormatter().is_formatted(chunk)
    with pytest.raises(DataError, match="record 3, column 'messages': expected a list of messages"):
        ChatFormatter().apply(chunk)


def test_columns_needed_depend_on_those_there() -> None:
    formatter = ChatFormatter()
    assert formatter.required_columns(["messages", "prompt"]) == ("messages",)
    assert formatter.required_columns(["prompt"]) == ("prompt", "completion")


def test_rows_without_messages_are_no_records(frame) -> None:
    assert not ChatFormatter().is_formatted(frame(prompt=["q"], completion=["a"]))


def test_an_answer_is_bounded_by_the_bytes_of_the_longest_label() -> None:
    formatter = ChatFormatter(labels={"pos": "positive"})
    assert formatter.contract("chat", ["pos", "neg"]).max_tokens == 8
    assert formatter.contract("chat").max_tokens is None
