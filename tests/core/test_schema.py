from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.config import DataConfig
from pitchpipe.errors import DataError
from pitchpipe.records import COMPLETION, GROUP, PROMPT
from pitchpipe.schema import (
    Schema,
    default_splitter,
    infer,
)

TEXTS = tuple(f"text {n}" for n in range(12))
FEW = ("pos", "neg") * 6
MANY = tuple(f"answer {n}" for n in range(12))


def frame(**columns: Any) -> pd.DataFrame:
    made = pd.DataFrame({name: list(cells) for name, cells in columns.items()}, dtype=object)
    made.index = pd.RangeIndex(1, len(made) + 1, name="row")
    return made


@pytest.mark.parametrize(
    ("table", "prompt", "completion", "note"),
    [
        (frame(a=TEXTS, b=FEW), "a", "b", "'b' is taken for the completion: it has 2 distinct"),
        (frame(b=FEW, a=TEXTS), "a", "b", "'b' is taken for the completion: it has 2 distinct"),
        (frame(a=TEXTS, b=[True, False] * 6), "a", "b", "it has 2 distinct values"),
        (frame(a=TEXTS, b=[1, 2, None] * 4), "a", "b", "it has 2 distinct values"),
        (frame(a=TEXTS, label=MANY), "a", "label", "'label' is taken for the completion: its name"),
        (frame(a=TEXTS, Answer=MANY), "a", "Answer", "its name says so"),
        (frame(text=TEXTS, id=MANY, b=FEW), "text", "b", "'text' is taken for the prompt."),
        (
            frame(Review=TEXTS, id=MANY, tag=FEW),
            "Review",
            "tag",
            "'Review' is taken for the prompt",
        ),
        (frame(text=TEXTS, tag=FEW, source=FEW), "text", "tag", "its name says so"),
        (
            frame(text=TEXTS, output=MANY, tag=FEW, source=FEW),
            "text",
            "output",
            "its name ranks before 'tag'",
        ),
        (frame(prompt=TEXTS, x=MANY, completion=MANY), "prompt", "completion", None),
        (frame(prompt=TEXTS, b=MANY, label=MANY), "prompt", "label", "its name says so"),
    ],
)
def test_columns_are_found_where_there_is_no_doubt(
    table: pd.DataFrame, prompt: str, completion: str, note: str | None
) -> None:
    schema = infer("t.csv", table, DataConfig())
    assert schema.rename == {PROMPT: prompt, COMPLETION: completion}
    assert schema.shape is None
    if note is None:
        assert schema.notes == ()
    else:
        assert any(note in said for said in schema.notes), schema.notes


def test_many_values_that_repeat_are_named_as_what_they_are() -> None:
    table = frame(a=[f"t{n}" for n in range(300)], haus=[f"c{n % 60}" for n in range(300)])
    assert infer("t", table, DataConfig()).notes[0].endswith("it has 60 distinct values.")
    renamed = table.rename(columns={"haus": "category"})
    assert infer("t", renamed, DataConfig()).notes[0].endswith("its name says so.")


def test_named_columns_are_taken_at_their_word() -> None:
    table = frame(a=TEXTS, b=FEW, c=MANY, group=FEW)
    data = DataConfig(prompt_column="c", completion_column="a", group_column="b")
    schema = infer("t", table, data)
    assert schema.rename == {PROMPT: "c", COMPLETION: "a", GROUP: "b"}
    assert schema.notes == ()
    assert schema.legend == (
        "Here 'prompt' is column 'c' and 'completion' is column 'a' and 'group' is column 'b'."
    )
    assert list(schema.apply(table).columns) == [PROMPT, COMPLETION, GROUP]


def test_one_named_column_leaves_the_other_to_be_found() -> None:
    known_prompt = infer("t", frame(a=TEXTS, b=MANY), DataConfig(prompt_column="a"))
    assert known_prompt.rename == {PROMPT: "a", COMPLETION: "b"}
    assert "it is the only other column" in known_prompt.notes[0]
    known_answer = infer("t", frame(a=TEXTS, b=MANY), DataConfig(completion_column="a"))
    assert known_answer.rename == {PROMPT: "b", COMPLETION: "a"}


def test_a_column_called_group_is_the_group() -> None:
    schema = infer("t", frame(text=TEXTS, group=MANY, tag=FEW), DataConfig())
    assert schema.rename == {PROMPT: "text", COMPLETION: "tag", GROUP: "group"}
    assert schema.legend == "Here 'prompt' is column 'text' and 'completion' is column 'tag'."


def test_a_column_called_group_may_be_the_prompt() -> None:
    table = frame(group=TEXTS, tag=FEW)
    schema = infer("t", table, DataConfig(prompt_column="group"))
    assert schema.rename == {PROMPT: "group", COMPLETION: "tag"}
    assert schema.apply(table)[PROMPT].tolist() == list(TEXTS)


@pytest.mark.parametrize(
    ("table", "data", "message"),
    [
        (frame(a=TEXTS, b=MANY), {}, r"not clear which column holds the answer.*'a', 'b'.*--compl"),
        (frame(a=FEW, b=FEW), {}, "not clear which column holds the answer"),
        (
            frame(a=TEXTS, b=MANY, tag=FEW),
            {},
            r"which column holds the prompt.*'a', 'b', 'tag'.*--p",
        ),
        (frame(text=TEXTS, TEXT=TEXTS, tag=FEW), {}, "holds the prompt: 'text' and 'TEXT' have"),
        (frame(a=TEXTS), {}, r"^t\.csv: there is only one column, 'a'. Expected one of prompts"),
        (frame(a=TEXTS, b=[None] * 12), {}, "which column holds the answer"),
        (
            frame(text=TEXTS, tag=FEW),
            {"prompt_column": "txt"},
            r"no column 'txt' to take the prompt",
        ),
        (
            frame(text=TEXTS, tag=FEW),
            {"group_column": "zz"},
            r"group from\. Columns: 'text', 'tag'",
        ),
        (
            frame(text=TEXTS, tag=FEW),
            {"prompt_column": "text", "completion_column": "text"},
            r"one column cannot have two parts; given were prompt='text', completion='text'",
        ),
    ],
)
def test_doubts_name_the_columns(table: pd.DataFrame, data: dict[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        infer("t.csv", table, DataConfig(**data))


def test_a_missing_column_gets_the_close_match() -> None:
    with pytest.raises(DataError, match=r"Did you mean 'text'\? Columns: 'text', 'tag'\."):
        infer("t", frame(text=TEXTS, tag=FEW), DataConfig(prompt_column="txt"))


@pytest.mark.parametrize(
    ("table", "rename"),
    [
        (frame(a=TEXTS), {PROMPT: "a"}),
        (frame(a=TEXTS, b=FEW), {PROMPT: "a", COMPLETION: "b"}),
        (frame(text=TEXTS, other=MANY), {PROMPT: "text"}),
    ],
)
def test_to_predict_from_no_answers_are_needed(table: pd.DataFrame, rename: dict[str, str]) -> None:
    assert infer("t", table, DataConfig(), answers=False).rename == rename


@pytest.mark.parametrize(
    ("columns", "shape"),
    [
        (("messages",), "chat"),
        (("messages", "tools", "prompt"), "chat"),
        (("input", "preferred_output", "non_preferred_output"), "preference"),
    ],
)
def test_records_that_are_formatted_already_are_known(columns: tuple[str, ...], shape: str) -> None:
    table = frame(**{name: [[{}]] * 3 for name in columns})
    schema = infer("t", table, DataConfig())
    assert schema == Schema({}, shape, (f"The rows are {shape} records already.",))
    assert list(schema.apply(table).columns) == list(columns)


def test_formatted_records_can_have_a_group() -> None:
    table = frame(messages=[[{}]] * 3, film="abc", group="xyz")
    schema = infer("t", table, DataConfig(group_column="film"))
    applied = schema.apply(table)
    assert list(applied.columns) == ["messages", GROUP]
    assert applied[GROUP].tolist() == list("abc")


def test_named_columns_win_over_the_shape() -> None:
    table = frame(messages=TEXTS, tag=FEW)
    assert infer("t", table, DataConfig(prompt_column="messages")).shape is None


@pytest.mark.parametrize("swapped", [True, False])
def test_a_column_in_the_way_is_left_out(swapped: bool) -> None:
    table = frame(text=TEXTS, prompt=MANY, completion=FEW)
    data = DataConfig(prompt_column="text", completion_column="prompt" if swapped else None)
    applied = infer("t", table, data).apply(table)
    assert list(applied.columns) == [PROMPT, COMPLETION]
    assert applied[PROMPT].tolist() == list(TEXTS)
    assert applied[COMPLETION].tolist() == list(MANY if swapped else FEW)
    assert applied.index.equals(table.index)


@settings(max_examples=60)
@given(labels=st.integers(2, 3), rows=st.integers(10, 40), data=st.data())
def test_the_label_column_is_found_whatever_it_is_called(
    labels: int, rows: int, data: st.DataObject
) -> None:
    a, b = data.draw(st.lists(st.text("xyz", min_size=1), min_size=2, max_size=2, unique=True))
    table = frame(**{a: [f"t{n}" for n in range(rows)], b: [f"l{n % labels}" for n in range(rows)]})
    assert infer("t", table, DataConfig()).rename == {PROMPT: a, COMPLETION: b}


# --- what auto stands for ------------------------------------------------------------------------


def test_the_splitter_goes_by_group_and_labels() -> None:
    plain, grouped = Schema({PROMPT: "a"}, None), Schema({GROUP: "g"}, None)
    assert default_splitter(grouped, 1)[0] == "group"
    assert default_splitter(plain, 2) == (
        "stratified",
        "Splitter stratified, because the answers are 2 labels.",
    )
    assert default_splitter(plain, 0)[0] == "random"
