from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pitchpipe import Pipeline
from pitchpipe.errors import DataError
from pitchpipe.stages import Formatter
from pitchpipe_formats import AlpacaFormatter, HFPreferenceFormatter, ShareGPTFormatter


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    """Rows, numbered from 2 on as below a header; what a row lacks is None."""
    names = dict.fromkeys(name for row in rows for name in row)
    cells = {name: [row.get(name) for row in rows] for name in names}
    return pd.DataFrame(cells, pd.RangeIndex(2, 2 + len(rows), name="line"), dtype=object)


def message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def messages_of(formatter: Formatter, **row: Any) -> Any:
    [found] = formatter.apply(frame(row))["messages"]
    return found


def test_alpaca_puts_instruction_and_input_on_lines_of_their_own() -> None:
    row = {"instruction": "Add.", "input": "1 and 2", "output": 3}
    assert messages_of(AlpacaFormatter(), **row) == [
        message("user", "Add.\n1 and 2"),
        message("assistant", "3"),
    ]
    assert messages_of(AlpacaFormatter(), instruction="Go.", input="", output="Gone.") == [
        message("user", "Go."),
        message("assistant", "Gone."),
    ]


def test_alpaca_has_a_system_text_and_a_history() -> None:
    row = {"instruction": "c", "output": "d", "system": "s", "history": [["a", "b"]]}
    spoken = [("system", "s"), ("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")]
    assert messages_of(AlpacaFormatter(system="unused"), **row) == [message(*m) for m in spoken]
    del row["system"]
    assert messages_of(AlpacaFormatter(system="t"), **row)[0] == message("system", "t")


def test_alpaca_without_outputs_asks() -> None:
    formatter = AlpacaFormatter()
    asked = formatter.apply(frame({"instruction": "q"})).to_dict("records")[0]
    assert asked == {"messages": [message("user", "q")]}
    answered = formatter.apply(frame({"instruction": "q", "output": "a"})).to_dict("records")[0]
    assert formatter.request(asked) == formatter.request(answered)
    assert formatter.reference(asked) is None
    assert formatter.reference(answered) == "a"


def test_sharegpt_says_who_turns_are_from() -> None:
    turns = [{"from": who, "value": who} for who in ("system", "human", "gpt", "user", "assistant")]
    roles = ["system", "user", "assistant", "user", "assistant"]
    spoken = messages_of(ShareGPTFormatter(system="unused"), conversations=turns)
    assert [m["role"] for m in spoken] == roles
    assert [m["content"] for m in spoken] == [turn["value"] for turn in turns]
    assert messages_of(ShareGPTFormatter(), conversations=turns[1:], system="s")[0] == message(
        "system", "s"
    )


def test_sharegpt_takes_speakers_in_any_case() -> None:
    turns = [{"from": "Human", "value": "a"}, {"from": "GPT", "value": "b"}]
    spoken = messages_of(ShareGPTFormatter(), conversations=turns)
    assert [m["role"] for m in spoken] == ["user", "assistant"]


def test_sharegpt_calls_tools() -> None:
    call = {"name": "weather", "arguments": {"place": "Bergen"}}
    turns = [
        {"from": "human", "value": "And there?"},
        {"from": "function_call", "value": json.dumps([call, call])},
        {"from": "observation", "value": "rain"},
        {"from": "tool", "value": "more rain"},
        {"from": "gpt", "value": "It rains."},
    ]
    tools = json.dumps([{"name": "weather", "parameters": {"type": "object"}}])
    [record] = (
        ShareGPTFormatter()
        .apply(frame({"conversations": turns, "tools": tools}))
        .to_dict("records")
    )
    _, calling, first, second, _ = record["messages"]
    assert [c["id"] for c in calling["tool_calls"]] == ["call_1", "call_2"]
    assert calling["tool_calls"][0]["function"] == {
        "name": "weather",
        "arguments": '{"place": "Bergen"}',
    }
    assert [first["tool_call_id"], second["tool_call_id"]] == ["call_1", "call_2"]
    assert record["tools"] == [
        {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    ]


PAIR = {
    "input": {"messages": [message("user", "The sky is")]},
    "preferred_output": [message("assistant", "blue.")],
    "non_preferred_output": [message("assistant", "bloody.")],
}


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "The sky is", "chosen": "blue.", "rejected": "bloody."},
        {
            "prompt": [message("user", "The sky is")],
            "chosen": [message("assistant", "blue.")],
            "rejected": [message("assistant", "bloody.")],
        },
        {
            "chosen": [message("user", "The sky is"), message("assistant", "blue.")],
            "rejected": [message("user", "The sky is"), message("assistant", "bloody.")],
        },
        {  # the answers repeat the prompt
            "prompt": "The sky is",
            "chosen": [message("user", "The sky is"), message("assistant", "blue.")],
            "rejected": [message("user", "The sky is"), message("assistant", "bloody.")],
        },
        {  # messages as the text of their JSON
            "prompt": "The sky is",
            "chosen": json.dumps([message("user", "The sky is"), message("assistant", "blue.")]),
            "rejected": json.dumps([message("assistant", "bloody.")]),
        },
    ],
)
def test_preferences_have_a_prompt_or_share_one(row: dict[str, Any]) -> None:
    assert HFPreferenceFormatter().apply(frame(row)).to_dict("records") == [PAIR]


def test_a_prompt_that_two_texts_share_ends_with_a_whole_word() -> None:
    row = {"chosen": "The sky is blue.", "rejected": "The sky is bloody."}
    [record] = HFPreferenceFormatter(system="s").apply(frame(row)).to_dict("records")
    assert record["input"]["messages"] == [message("system", "s"), message("user", "The sky is")]
    assert record["preferred_output"] == [message("assistant", " blue.")]


TURN = {"from": "human", "value": "q"}
CALL = {"from": "function_call", "value": '{"name": "f", "arguments": {}}'}


@pytest.mark.parametrize(
    ("formatter", "row", "words"),
    [
        (AlpacaFormatter(), {"instruction": "a", "output": None}, "'output': the cell is empty"),
        (AlpacaFormatter(), {"output": "a"}, "'instruction': the cell is empty"),
        (AlpacaFormatter(), {"instruction": ["a"], "output": "b"}, r"expected text; found \['a'\]"),
        (
            AlpacaFormatter(),
            {"instruction": "a", "output": "b", "history": [["q"]]},
            "'history': expected a list of pairs",
        ),
        (ShareGPTFormatter(), {"conversations": "hello"}, "expected a list of turns"),
        (ShareGPTFormatter(), {"conversations": [{"from": "human"}]}, 'a text "value"'),
        (
            ShareGPTFormatter(),
            {"conversations": [{"from": "parrot", "value": "q"}]},
            "one of system, human, .* found 'parrot'",
        ),
        (ShareGPTFormatter(), {"conversations": [CALL | {"value": "f()"}]}, "expected JSON"),
        (ShareGPTFormatter(), {"conversations": [CALL | {"value": "[]"}]}, '"arguments"; found'),
        (
            ShareGPTFormatter(),
            {"conversations": [CALL, *[{"from": "observation", "value": "x"}] * 2]},
            "a tool answers, and no call is open",
        ),
        (ShareGPTFormatter(), {"conversations": [TURN], "tools": "7"}, "a list of tools; found"),
        (HFPreferenceFormatter(), {"prompt": "a", "chosen": "b"}, "'rejected': the cell is empty"),
        (HFPreferenceFormatter(), {"chosen": "a b", "rejected": "c d"}, "share no beginning"),
        (
            HFPreferenceFormatter(),
            {"chosen": [message("user", "q")], "rejected": [message("user", "q")] * 2},
            "one answer is all of the other's start",
        ),
        (
            HFPreferenceFormatter(),
            {"prompt": [{"content": "q"}], "chosen": "a", "rejected": "b"},
            "'prompt': expected a list of messages",
        ),
    ],
)
def test_a_bad_row_is_named(formatter: Formatter, row: dict[str, Any], words: str) -> None:
    chunk = frame(GOOD[type(formatter)], row)
    with pytest.raises(DataError, match=rf"^line 3, column .*{words}"):
        formatter.apply(chunk)


GOOD: dict[type, dict[str, Any]] = {
    AlpacaFormatter: {"instruction": "a", "output": "b", "history": None},
    ShareGPTFormatter: {"conversations": [TURN], "tools": None},
    HFPreferenceFormatter: {"prompt": "a", "chosen": "b", "rejected": "c"},
}


def test_no_key_is_shown() -> None:
    key = "sk-" + "a1" * 20
    with pytest.raises(DataError, match="expected text") as caught:
        AlpacaFormatter().apply(frame({"instruction": [key], "output": "b"}))
    assert key not in str(caught.value)


def test_records_of_ours_pass() -> None:
    talk = {"messages": [message("user", "q"), message("assistant", "a")]}
    for formatter, record in (
        (AlpacaFormatter(), talk),
        (ShareGPTFormatter(), talk),
        (HFPreferenceFormatter(), PAIR),
    ):
        chunk = frame(record)
        assert set(formatter.required_columns(list(record))) <= record.keys()
        assert formatter.is_formatted(chunk)
        assert formatter.apply(chunk).to_dict("records") == [record]


def turn(who: str, **more: Any) -> dict[str, Any]:
    return {"from": who, "value": who, **more}


@pytest.mark.parametrize(
    ("given", "weight"),
    [
        ({"weight": 0}, 0),
        ({"weight": 1}, 1),
        ({"weight": 0.0}, 0.0),
        ({"weight": "0"}, "0"),
        ({"weight": 0.5}, 0.5),
        ({"weight": None}, None),
        ({"train": False}, 0),
        ({"train": True}, 1),
        ({"loss": False}, 0),
        ({"loss": 1}, 1),
        ({"weight": 0, "train": False, "loss": None}, 0),
        ({"train_detail": None}, None),
    ],
)
@pytest.mark.parametrize("who", ["gpt", "function_call"])
def test_the_weight_of_an_answer_becomes_its_messages(who: str, given: Any, weight: Any) -> None:
    said = {**turn(who, **given), "value": '{"name": "f", "arguments": {}}'}
    _, answer = messages_of(ShareGPTFormatter(), conversations=[turn("human"), said])
    assert answer.get("weight") == weight
    assert ("weight" in answer) == (weight is not None)
    assert type(answer.get("weight")) is type(weight)


def test_nothing_is_trained_on_what_others_say() -> None:
    turns = [turn("system", train=False), turn("human", weight=0), turn("gpt")]
    assert all("weight" not in m for m in messages_of(ShareGPTFormatter(), conversations=turns))
    # one that is to be is left for the rules about messages to tell
    turns = [turn("human", train=True), turn("gpt")]
    assert messages_of(ShareGPTFormatter(), conversations=turns)[0]["weight"] == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"train": "no"}, "expected true or false for 'train'; found 'no'"),
        ({"weight": 1, "train": False}, "two things of its weight: {'weight': 1, 'train': False}"),
        ({"train_detail": [{"begin_offset": 0}]}, "a turn has 'train_detail'"),
    ],
)
def test_weights_that_say_something_else_are_refused(more: Any, words: str) -> None:
    row = {"conversations": [turn("human"), turn("gpt", **more)]}
    with pytest.raises(DataError, match=f"line 2, column 'conversations': .*{words}"):
        ShareGPTFormatter().apply(frame(row))


def test_keys_of_turns_that_messages_lack_are_named() -> None:
    rows = [
        {"conversations": [turn("human", id=1, hash=None), turn("gpt", weight=0, model="m")]},
        {"conversations": [turn("human", id=2), turn("gpt", train=True)]},
    ]
    found = ShareGPTFormatter().left_out(frame(*rows))
    assert found == ["conversations[].id", "conversations[].model"]
    assert ShareGPTFormatter().left_out(frame({"messages": [message("user", "a")]})) == ()
    assert ShareGPTFormatter().left_out(frame({"conversations": 3})) == []
    assert AlpacaFormatter().left_out(frame({"instruction": "a"})) == ()


@pytest.mark.parametrize("chunk_rows", [1, 100])
def test_preparing_keeps_weights_and_names_what_is_left_out(
    tmp_path: Path, chunk_rows: int
) -> None:
    def conversation(n: int) -> list[dict[str, Any]]:
        late = {"emotion": "calm"} if n == 39 else {}
        return [
            {"from": "human", "value": f"What is {n}?", "id": n},
            {"from": "gpt", "value": f"It is {n}.", "weight": 0},
            {"from": "human", "value": "Sure?", **late},
            {"from": "gpt", "value": f"Yes, {n}.", "weight": 1},
        ]

    path = tmp_path / "talks.jsonl"
    path.write_text(
        "".join(json.dumps({"conversations": conversation(n)}) + "\n" for n in range(40)), "utf-8"
    )
    pipeline = Pipeline.from_config(
        {
            "formatter": {"name": "sharegpt"},
            "training": {"model": "gpt-4o-mini"},
            "data": {"chunk_rows": chunk_rows},
        }
    )
    prepared = pipeline.prepare(path, tmp_path / "out")
    records = map(json.loads, prepared.train.read_text("utf-8").splitlines())
    assert {tuple(m.get("weight") for m in record["messages"]) for record in records} == {
        (None, 0, None, 1)
    }
    assert (
        "Left out of the records: 'conversations[].id', 'conversations[].emotion'."
        in prepared.notes
    )
