from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pitchpipe.errors import DataError, UnknownNameError, UsageError
from pitchpipe_formats import convert
from pitchpipe_formats.__main__ import main

Rows = Sequence[dict[str, Any]]
SAME_FOLDER = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(path: Path, rows: Rows) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def read(path: Path) -> Rows:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def there_and_back(folder: Path, rows: Rows, by: str, ours: str, chunk_rows: int) -> Rows:
    first = write(folder / "first.jsonl", rows)
    other, last = folder / "other.jsonl", folder / "last.jsonl"
    convert(first, other, to=by, source_format=ours, chunk_rows=chunk_rows)
    done = convert(other, last, to=ours, chunk_rows=chunk_rows)
    assert done.source_format == by
    assert (done.unpaired, done.left_out) == ((), ())
    return read(last)


def spoken(role: str, **more: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda content: {"role": role, "content": content, **more}, texts)


texts = st.text(st.characters(codec="utf-8"))
pairs = st.lists(st.tuples(spoken("user"), spoken("assistant")), min_size=1, max_size=3)
systems = st.lists(spoken("system").filter(lambda message: bool(message["content"])), max_size=1)
talks = st.builds(lambda s, p: [*s, *(m for pair in p for m in pair)], systems, pairs)
chats = st.lists(st.builds(lambda talk: {"messages": talk}, talks), min_size=1, max_size=5)
chunk_sizes = st.integers(1, 3)


@SAME_FOLDER
@pytest.mark.parametrize("by", ["alpaca", "sharegpt"])
@given(rows=chats, chunk_rows=chunk_sizes)
def test_conversations_come_back(tmp_path: Path, by: str, rows: Rows, chunk_rows: int) -> None:
    assert there_and_back(tmp_path, rows, by, "chat", chunk_rows) == rows


weighed = st.lists(
    st.builds(
        lambda message, weight: {**message, **weight},
        spoken("assistant"),
        st.fixed_dictionaries({}, optional={"weight": st.sampled_from([0, 1])}),
    ),
    min_size=1,
    max_size=4,
)


@SAME_FOLDER
@given(answers=weighed, chunk_rows=chunk_sizes)
def test_weights_come_back(tmp_path: Path, answers: Rows, chunk_rows: int) -> None:
    rows = [{"messages": [{"role": "user", "content": "q"}, *answers]}]
    assert there_and_back(tmp_path, rows, "sharegpt", "chat", chunk_rows) == rows


def test_weights_of_calls_come_back(tmp_path: Path) -> None:
    calls = [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    row = {
        "messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", "tool_calls": calls, "weight": 0},
            {"role": "tool", "tool_call_id": "call_1", "content": "x"},
            {"role": "assistant", "content": "a", "weight": 1},
        ]
    }
    assert there_and_back(tmp_path, [row], "sharegpt", "chat", 10) == [row]


def test_keys_of_turns_that_are_left_out_are_told(tmp_path: Path) -> None:
    turns = [
        {"from": "human", "value": "q", "id": 1},
        {"from": "gpt", "value": "a", "train": False},
    ]
    source = write(tmp_path / "s.jsonl", [{"conversations": turns, "lang": "en"}])
    done = convert(source, tmp_path / "t.jsonl", to="chat")
    assert done.left_out == ("lang", "conversations[].id")
    [record] = read(tmp_path / "t.jsonl")
    assert record["messages"][1] == {"role": "assistant", "content": "a", "weight": 0}


tables = st.lists(
    st.fixed_dictionaries({"prompt": texts, "completion": texts}), min_size=1, max_size=5
)


@SAME_FOLDER
@pytest.mark.parametrize("by", ["alpaca", "sharegpt"])
@given(rows=tables, chunk_rows=chunk_sizes)
def test_prompts_and_completions_come_back(
    tmp_path: Path, by: str, rows: Rows, chunk_rows: int
) -> None:
    assert there_and_back(tmp_path, rows, by, "completion", chunk_rows) == rows


def answers(role: str = "assistant") -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(spoken(role), min_size=1, max_size=1)


few = st.sampled_from(["What?", "Who?"])
prompts = st.builds(lambda s, text: [*s, {"role": "user", "content": text}], systems, few)
preferences = st.lists(
    st.builds(
        lambda talk, good, bad: {
            "input": {"messages": talk},
            "preferred_output": good,
            "non_preferred_output": bad,
        },
        prompts,
        answers(),
        answers(),
    ),
    min_size=1,
    max_size=5,
)


@SAME_FOLDER
@pytest.mark.parametrize("by", ["hf-preference", "kto"])
@given(rows=preferences, chunk_rows=chunk_sizes)
def test_preferences_come_back(tmp_path: Path, by: str, rows: Rows, chunk_rows: int) -> None:
    assert there_and_back(tmp_path, rows, by, "preference", chunk_rows) == rows


judged = st.lists(
    st.fixed_dictionaries({"prompt": few, "completion": texts, "label": st.booleans()}),
    min_size=1,
    max_size=12,
)


@SAME_FOLDER
@given(rows=judged, chunk_rows=chunk_sizes)
def test_every_judged_answer_is_in_a_pair_or_told(
    tmp_path: Path, rows: Rows, chunk_rows: int
) -> None:
    source = write(tmp_path / "kto.jsonl", rows)
    done = convert(source, tmp_path / "pairs.jsonl", to="preference", chunk_rows=chunk_rows)
    made = [
        (row["input"]["messages"][0]["content"], output[0]["content"], good)
        for row in read(tmp_path / "pairs.jsonl")
        for output, good in ((row["preferred_output"], True), (row["non_preferred_output"], False))
    ]
    given = [(row["prompt"], row["completion"], row["label"]) for row in rows]
    left = [given[line - 1] for line in done.unpaired]
    assert sorted(made + left) == sorted(given)
    for prompt in ("What?", "Who?"):
        assert len({good for asked, _, good in left if asked == prompt}) < 2
    assert (done.rows_read, done.rows_written) == (len(rows), len(made) // 2)


def test_tools_come_back_from_sharegpt(tmp_path: Path) -> None:
    function = {"name": "weather", "parameters": {"type": "object"}}
    call = {"name": "weather", "arguments": '{"place": "Bergen"}'}
    calls = [{"id": f"call_{n}", "type": "function", "function": call} for n in (1, 2)]
    row = {
        "messages": [
            {"role": "user", "content": "And there?"},
            {"role": "assistant", "tool_calls": calls},
            {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
            {"role": "tool", "tool_call_id": "call_2", "content": "rain"},
            {"role": "assistant", "content": "It rains."},
        ],
        "tools": [{"type": "function", "function": function}],
    }
    assert there_and_back(tmp_path, [row], "sharegpt", "chat", 10) == [row]


def test_tools_come_back_from_preferences(tmp_path: Path) -> None:
    tools = [{"type": "function", "function": {"name": "weather"}}]
    row = {
        "input": {"messages": [{"role": "user", "content": "q"}], "tools": tools},
        "preferred_output": [{"role": "assistant", "content": "a"}],
        "non_preferred_output": [{"role": "assistant", "content": "b"}],
    }
    assert there_and_back(tmp_path, [row], "hf-preference", "preference", 10) == [row]
    with pytest.raises(DataError, match="line 1, column 'tools': the wanted format has no place"):
        convert(tmp_path / "first.jsonl", tmp_path / "kto.jsonl", to="kto")


USER, ANSWER = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
CALLING = {"id": "x", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("to", "messages", "words"),
    [
        ("alpaca", [USER], r"the user first; found \['user'\]"),
        ("alpaca", [USER, ANSWER | {"weight": 0}], "text alone; found one with weight"),
        ("alpaca", [USER | {"content": [{"type": "text", "text": "q"}]}, ANSWER], "one of"),
        ("completion", [USER, ANSWER, USER, ANSWER], "one question and its answer"),
        ("sharegpt", [USER | {"name": "Ann"}, ANSWER], "a turn has no place for name"),
        ("sharegpt", [USER | {"weight": 1}, ANSWER], "a turn has no place for weight"),
        ("sharegpt", [USER | {"content": []}, ANSWER], r"messages of text; found \[\]"),
        ("sharegpt", [USER, {"role": "function", "content": "f"}], "role 'function' has no"),
        ("sharegpt", [USER, {"role": "tool", "content": "x"}], "no call is open"),
        (
            "sharegpt",
            [USER, ANSWER | {"tool_calls": [CALLING]}],
            "a turn has no place for tool_calls",
        ),
        (
            "sharegpt",
            [
                {"role": "assistant", "tool_calls": [CALLING]},
                {"role": "tool", "tool_call_id": "y", "content": "x"},
            ],
            "in the order of their calls",
        ),
        (
            "sharegpt",
            [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}],
            "expected JSON",
        ),
        ("sharegpt", [{"role": "assistant", "tool_calls": [{"id": "x"}]}], "calls of functions"),
    ],
)
def test_what_a_format_cannot_hold_is_an_error(
    tmp_path: Path, to: str, messages: Any, words: str
) -> None:
    source = write(tmp_path / "t.jsonl", [{"messages": [USER, ANSWER]}, {"messages": messages}])
    with pytest.raises(DataError, match=rf"t\.jsonl, line 2, column 'messages': .*{words}"):
        convert(source, tmp_path / "out.jsonl", to=to)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.jsonl"]


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    source = write(tmp_path / "t.jsonl", [{"prompt": "q", "completion": "a", "label": "maybe"}])
    with pytest.raises(DataError, match="line 1, column 'label': expected true or false; found"):
        convert(source, tmp_path / "out.jsonl", to="preference")
    rows = [{"instruction": "q", "output": "a"}, {"instruction": "q"}]
    source = write(tmp_path / "t.jsonl", rows)
    with pytest.raises(DataError, match="line 2, column 'output': missing"):
        convert(source, tmp_path / "out.jsonl", to="chat", chunk_rows=1)


def test_formats_are_told_apart_or_named(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    with pytest.raises(UnknownNameError, match=r"unknown format 'alpacca'\. Did you mean 'alpaca'"):
        convert(pd.DataFrame({"messages": [[USER]]}), target, to="alpacca")
    with pytest.raises(UsageError, match=r"'x' are those of no known format.*sharegpt"):
        convert(pd.DataFrame({"x": [1]}), target, to="chat")
    with pytest.raises(UsageError, match="chat records are conversations, and kto records are"):
        convert(pd.DataFrame({"messages": [[USER]]}), target, to="kto")
    assert not target.exists()


def test_other_columns_are_told(tmp_path: Path) -> None:
    table = pd.DataFrame({"instruction": ["q"], "output": ["a"], "id": [7]})
    done = convert(table, tmp_path / "out.jsonl", to="chat")
    assert (done.left_out, done.unit) == (("id",), "row")


def test_the_command_tells_what_it_did_and_what_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"prompt": "q", "completion": str(n), "label": not n, "id": n} for n in range(14)]
    source, target = write(tmp_path / "kto.jsonl", rows), tmp_path / "pairs.jsonl"
    assert main([str(source), str(target), "--to", "hf-preference", "--from", "kto"]) == 0
    assert capsys.readouterr() == (
        f"{target}: 1 hf-preference records of 14 kto rows\n",
        "left out: id\n"
        "left over: 12 rows without a counterpart of the same prompt "
        "(line 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, ...)\n",
    )
    assert main([str(target), str(source), "--to", "preference"]) == 0
    assert capsys.readouterr() == (f"{source}: 1 preference records of 1 hf-preference rows\n", "")


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    source = tmp_path / "none.jsonl"
    command = [sys.executable, "-m", "pitchpipe_formats", source, "out.jsonl", "--to", "chat"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {source}: ")
