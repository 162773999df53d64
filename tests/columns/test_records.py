"""Conversations and preferences under whatever names, and the columns that records leave out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.config import Config
from pitchpipe.errors import DataError
from pitchpipe.pipeline import Pipeline
from pitchpipe.records import PreparedData

N = range(24)
MODEL = "gpt-4.1-mini-2025-04-14"


def asks(n: int) -> dict[str, Any]:
    return {"role": "user", "content": f"How deep is lake {n}?"}


def says(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def talk(n: int) -> list[dict[str, Any]]:
    return [asks(n), says(f"{n} m.")]


def prepared(folder: Path, rows: list[dict[str, Any]], **config: Any) -> PreparedData:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    config = {"training": {"model": MODEL}, "engine": {"name": "local", "workers": 1}, **config}
    return Pipeline(Config.from_mapping(config)).prepare(path)


def records(data: PreparedData) -> list[dict[str, Any]]:
    files = [data.train, *([data.valid] if data.valid else [])]
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def left_out(data: PreparedData) -> list[str]:
    return [note for note in data.notes if note.startswith("Left out of the records: ")]


@pytest.mark.parametrize("column", ["messages", "conversations", "conversation", "Dialogue"])
def test_messages_are_found_whatever_they_are_called(column: str, tmp_path: Path) -> None:
    data = prepared(tmp_path, [{column: talk(n), "id": n} for n in N])
    assert sorted(map(str, records(data))) == sorted(str({"messages": talk(n)}) for n in N)
    assert left_out(data) == ["Left out of the records: 'id'."]


@pytest.mark.parametrize("column", ["conversations", "conversation"])
def test_sharegpt_is_refused_by_its_name(column: str, tmp_path: Path) -> None:
    turns = [{"from": "human", "value": "?"}, {"from": "gpt", "value": "!"}]
    with pytest.raises(DataError) as caught:
        prepared(tmp_path, [{column: turns} for _ in N])
    assert "holds ShareGPT conversations" in str(caught.value)
    assert "--format sharegpt" in str(caught.value)
    assert "pip install pitchpipe-formats" in str(caught.value)
    assert ("rename the column" in str(caught.value)) == (column != "conversations")


def pair(n: int, *before: dict[str, Any]) -> dict[str, Any]:
    return {
        "input": {"messages": [*before, asks(n)]},
        "preferred_output": [says(f"{n} m.")],
        "non_preferred_output": [says("No idea.")],
    }


def question(n: int) -> str:
    text: str = asks(n)["content"]
    return text


@pytest.mark.parametrize(
    "row",
    [
        lambda n: {"prompt": question(n), "chosen": f"{n} m.", "rejected": "No idea."},
        lambda n: {"question": question(n), "Chosen": f"{n} m.", "Rejected": "No idea."},
        lambda n: {"chosen": talk(n), "rejected": [asks(n), says("No idea.")]},
        lambda n: {
            "prompt": [asks(n)],
            "chosen": [says(f"{n} m.")],
            "rejected": [says("No idea.")],
        },
        lambda n: {
            "prompt": question(n),
            "chosen": talk(n),
            "rejected": [asks(n), says("No idea.")],
            "messages": talk(n),
            "score_chosen": 8.5,
        },
        lambda n: {
            "prompt": question(n),
            "chosen": json.dumps(talk(n)),
            "rejected": json.dumps([asks(n), says("No idea.")]),
        },
    ],
)
def test_chosen_and_rejected_are_preferences(row: Any, tmp_path: Path) -> None:
    data = prepared(tmp_path, [row(n) for n in N])
    assert data.contract.format == "preference"
    assert sorted(map(str, records(data))) == sorted(str(pair(n)) for n in N)
    named = left_out(data)
    extras = {"messages", "score_chosen"} & row(0).keys()
    assert all(repr(name) in named[0] for name in extras)
    assert bool(named) == bool(extras)


def test_answers_that_read_like_lists_are_texts(tmp_path: Path) -> None:
    rows = [{"prompt": question(n), "chosen": f"[{n}]", "rejected": "[]"} for n in N]
    assert records(prepared(tmp_path, rows))[0]["non_preferred_output"] == [says("[]")]


def test_system_and_tools_are_parts_of_the_input(tmp_path: Path) -> None:
    tool = {"type": "function", "function": {"name": "depth", "parameters": {"type": "object"}}}
    row = {"chosen": "1 m.", "rejected": "No.", "system": "Be short.", "tools": [tool]}
    data = prepared(tmp_path, [{"prompt": question(n), **row} for n in N])
    first = records(data)[0]["input"]
    assert first["messages"][0] == {"role": "system", "content": "Be short."}
    assert first["tools"] == [tool]
    assert left_out(data) == []


def test_pairs_of_texts_without_a_prompt_are_refused_with_what_reads_them(tmp_path: Path) -> None:
    rows = [{"chosen": f"H: {n} A: yes", "rejected": f"H: {n} A: no"} for n in N]
    with pytest.raises(DataError, match="--format hf-preference"):
        prepared(tmp_path, rows)


def test_pairs_that_share_no_beginning_are_refused_by_row(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"chosen": talk(n), "rejected": talk(n + 1)} for n in N]
    with pytest.raises(DataError, match=r"line 1, 2, 3, 4, 5, \.\.\.: 24 rows .* without a prompt"):
        prepared(tmp_path, rows)


def test_a_pair_without_both_answers_is_left_out_and_counted(tmp_path: Path) -> None:
    rows = [{"prompt": question(n), "chosen": f"{n} m.", "rejected": "No idea."} for n in N]
    data = prepared(tmp_path, [*rows, {"prompt": "And now?", "chosen": "Now."}])
    assert "Left out of the table: 1 row without both answers." in data.notes
    assert data.train_rows + data.valid_rows == len(N)


def test_chosen_is_the_completion_where_the_user_says_so(tmp_path: Path) -> None:
    rows = [{"prompt": question(n), "chosen": f"{n} m.", "rejected": "No idea."} for n in N]
    data = prepared(tmp_path, rows, data={"completion_column": "chosen"})
    assert data.contract.format == "chat"
    assert left_out(data) == ["Left out of the records: 'rejected'."]


def test_a_group_of_preferences_stays_together(tmp_path: Path) -> None:
    rows = [
        {"prompt": question(n), "chosen": f"{n} m.", "rejected": "No.", "lake": n % 4} for n in N
    ]
    data = prepared(tmp_path, rows, data={"group_column": "lake"})
    assert "Splitter group" in " ".join(data.notes)
    assert left_out(data) == []


# --- what is left out ---------------------------------------------------------------------------


def test_a_key_that_comes_late_is_named_as_well(tmp_path: Path) -> None:
    rows = [{"messages": talk(n), **({"late": 1} if n > 20 else {})} for n in N]
    data = prepared(tmp_path, rows, data={"chunk_rows": 5})
    assert left_out(data) == ["Left out of the records: 'late'."]


def test_reinforcement_leaves_nothing_out(tmp_path: Path) -> None:
    rows = [{"messages": [asks(n)], "reference": str(n), "lang": "en"} for n in N]
    data = prepared(
        tmp_path, rows, training={"model": "o4-mini-2025-04-16", "method": "reinforcement"}
    )
    assert left_out(data) == []
    assert records(data)[0].keys() == {"messages", "reference", "lang"}


def test_the_legacy_profile_says_it_by_its_own_rule(tmp_path: Path) -> None:
    rows = [{"prompt": f"q {n}", "completion": f"a {n}", "id": n} for n in N]
    data = prepared(tmp_path, rows, data={"profile": "legacy"}, training={})
    assert left_out(data) == []
    assert "additional-columns" in [finding.rule for finding in data.findings]


NAMES = st.sampled_from(["id", "lang", "notes", "created", "x y", "größe", "prompt id"])


@settings(max_examples=12)
@given(extras=st.lists(NAMES, unique=True), chat=st.booleans(), chunk_rows=st.integers(1, 30))
def test_every_column_is_used_or_named_once(
    extras: list[str], chat: bool, chunk_rows: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = [
        {
            **({"messages": talk(n)} if chat else {"prompt": f"q {n}", "completion": f"a {n}"}),
            **{name: n for at, name in enumerate(extras) if n % (at + 1) == 0},
        }
        for n in N
    ]
    data = prepared(tmp_path_factory.mktemp("rows"), rows, data={"chunk_rows": chunk_rows})
    assert len(left_out(data)) == bool(extras)
    said = " ".join(data.notes)
    assert all(said.count(repr(name)) == 1 for name in extras)


def begun(n: int, content: Any = "Be brief.") -> dict[str, Any]:
    return {"messages": [{"role": "system", "content": content}, *talk(n)]}


@pytest.mark.parametrize("column", ["messages", "conversations"])
@pytest.mark.parametrize("name", ["system", "system_prompt", "System Message"])
def test_a_system_text_beside_messages_is_put_in_front_of_them(
    name: str, column: str, tmp_path: Path
) -> None:
    data = prepared(tmp_path, [{name: "Be brief.", column: talk(n), "id": n} for n in N])
    assert sorted(map(str, records(data))) == sorted(str(begun(n)) for n in N)
    assert f"Column {name!r} is put in front of the messages." in data.notes
    assert left_out(data) == ["Left out of the records: 'id'."]


@pytest.mark.parametrize("write", [json.dumps, lambda messages: messages])
def test_rows_without_a_system_text_beside_them_stay_as_they_are(
    write: Any, tmp_path: Path
) -> None:
    cells = ("Be brief.", None, "", [])
    rows = [{"system": cells[n % 4], "messages": write(talk(n))} for n in N]
    expected = [begun(n) if n % 4 == 0 else {"messages": talk(n)} for n in N]
    assert sorted(map(str, records(prepared(tmp_path, rows)))) == sorted(map(str, expected))


def test_a_system_text_in_parts_keeps_their_texts(tmp_path: Path) -> None:
    part = {"type": "text", "text": "Be brief."}
    cell = [{**part, "cache_control": {"type": "ephemeral"}}]
    data = prepared(tmp_path, [{"system": cell, "messages": talk(n)} for n in N])
    assert sorted(map(str, records(data))) == sorted(str(begun(n, [part])) for n in N)


def test_one_system_text_said_twice_is_said_once(tmp_path: Path) -> None:
    data = prepared(tmp_path, [{"system": "Be brief.", **begun(n)} for n in N])
    assert sorted(map(str, records(data))) == sorted(str(begun(n)) for n in N)


@pytest.mark.parametrize(
    ("cell", "what"), [("Be long.", "one system text in 'system' and another"), (7, "no text")]
)
def test_a_system_text_that_cannot_be_meant_is_refused(
    cell: object, what: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=what):
        prepared(tmp_path, [{"system": cell, **begun(n)} for n in N])


def test_conversations_that_are_marked_as_unwanted_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'label' says of every conversation whether it is wanted"):
        prepared(tmp_path, [{"messages": talk(n), "label": bool(n % 2)} for n in N])


def test_a_boolean_label_may_be_what_a_grader_reads(tmp_path: Path) -> None:
    rows = [{"messages": [asks(n)], "label": bool(n % 2)} for n in N]
    data = prepared(tmp_path, rows, training={})
    assert sorted(map(str, records(data))) == sorted(map(str, rows))


@pytest.mark.parametrize("column", ["messages", "conversations"])
def test_answers_of_one_message_follow_the_conversation_beside_them(
    column: str, tmp_path: Path
) -> None:
    rows = [{column: [asks(n)], "chosen": says(f"{n} m."), "rejected": says("No idea.")} for n in N]
    data = prepared(tmp_path, rows)
    assert sorted(map(str, records(data))) == sorted(str(pair(n)) for n in N)


def test_preferences_between_sharegpt_turns_are_read(tmp_path: Path) -> None:
    rows = [
        {
            "conversations": [{"from": "human", "value": asks(n)["content"]}],
            "chosen": {"from": "gpt", "value": f"{n} m."},
            "rejected": {"from": "gpt", "value": "No idea."},
        }
        for n in N
    ]
    data = prepared(tmp_path, rows)
    assert sorted(map(str, records(data))) == sorted(str(pair(n)) for n in N)


def test_earlier_turns_of_preferences_come_before_the_prompt(tmp_path: Path) -> None:
    text = {"chosen": "{} m.", "rejected": "No idea."}
    rows = [
        {
            "prompt": asks(n)["content"],
            **{key: value.format(n) for key, value in text.items()},
            "history": [["Hello", "Hello!"]] if n % 2 else [],
        }
        for n in N
    ]
    before = [{"role": "user", "content": "Hello"}, says("Hello!")]
    expected = [pair(n, *(before if n % 2 else [])) for n in N]
    assert sorted(map(str, records(prepared(tmp_path, rows)))) == sorted(map(str, expected))
    rows[0]["history"] = ["Hello"]
    with pytest.raises(DataError, match="no turns in 'history'"):
        prepared(tmp_path, rows)
