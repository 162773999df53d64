from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pitchpipe.default_plugins.formatters import CompletionFormatter
from pitchpipe.errors import DataError

SEP = "\n\n###\n\n"


def test_a_row_as_the_article_writes_it(frame, records) -> None:
    formatter = CompletionFormatter()
    made = formatter.apply(frame(prompt=["A fine film."], completion=["pos"], other=["x"]))
    assert records(made) == [{"prompt": f"A fine film.{SEP}", "completion": " pos"}]
    request = formatter.request(records(made)[0])
    assert request.endpoint == "completions"
    assert request.body == {
        "prompt": f"A fine film.{SEP}",
        "temperature": 0,
        "logprobs": 5,
        "stop": ["\n"],
    }
    assert formatter.required_columns(["text"]) == ("prompt", "completion")


def test_a_suffix_is_a_stop_and_may_be_cut_off(frame, records) -> None:
    formatter = CompletionFormatter(suffix=" END")
    [row] = records(formatter.apply(frame(prompt=["q"], completion=["a"])))
    assert row["completion"] == " a END"
    assert formatter.request(row).body["stop"] == ["\n", " END"]
    assert formatter.parse(" a END") == formatter.parse(" a") == formatter.parse("a") == "a"


def test_a_suffix_that_is_a_stop_anyway_counts_once(frame, records) -> None:
    formatter = CompletionFormatter(suffix="\n", stop=("\n", "a", "b", "c"))
    assert formatter.contract("completion").stop == ("\n", "a", "b", "c")


def test_no_stop_is_sent_where_there_is_none() -> None:
    assert "stop" not in CompletionFormatter(stop=()).request({"prompt": "q"}).body


@pytest.mark.parametrize(
    ("prompt", "made"),
    [
        (f"q{SEP}", f"q{SEP}"),
        (f"q{SEP}more", f"q{SEP}more{SEP}"),
        (f"q{SEP}more{SEP}", f"q{SEP}more{SEP}{SEP}"),
        ("q\n", f"q\n{SEP}"),
        ("", SEP),
    ],
)
def test_a_prompt_gets_one_separator_unless_it_ends_with_its_only_one(
    prompt, made, frame, records
) -> None:
    formatter = CompletionFormatter()
    assert records(formatter.apply(frame(prompt=[prompt]))) == [{"prompt": made}]
    trained = formatter.apply(frame(prompt=[prompt], completion=[" a"]))
    assert trained["prompt"].tolist() == [made]


def test_records_pass_and_other_rows_do_not(frame) -> None:
    formatter = CompletionFormatter(suffix="!", labels={"pos": "1"})
    chunk = frame(
        prompt=[f"a{SEP}", f"b{SEP}", f"c{SEP}", "d"], completion=[" 1!", "1!", " 1", "pos"]
    )
    made = formatter.apply(chunk.iloc[[0, 3]])
    assert made["completion"].tolist() == [" 1!", " 1!"]
    assert made["prompt"].tolist() == [f"a{SEP}", f"d{SEP}"]
    assert not formatter.is_formatted(chunk)
    assert [formatter.is_formatted(chunk.iloc[[at]]) for at in range(4)] == [True, *[False] * 3]
    assert formatter.is_formatted(made)
    pd.testing.assert_frame_equal(formatter.apply(made), made)


@pytest.mark.parametrize(
    ("columns", "formatted"),
    [
        ({"prompt": [f"q{SEP}"]}, True),
        ({"prompt": [f"q{SEP}", "q"]}, False),
        ({"prompt": [None]}, False),
        ({"prompt": [f"q{SEP}"], "completion": [None]}, False),
        ({"completion": [" a"]}, False),
    ],
)
def test_which_rows_are_records(columns, formatted, frame) -> None:
    assert CompletionFormatter().is_formatted(frame(**columns)) is formatted


def test_without_a_separator_nothing_is_a_record(frame) -> None:
    assert not CompletionFormatter(separator="").is_formatted(frame(prompt=[""]))


def test_numbers_and_booleans_are_written_as_in_json(frame) -> None:
    formatter = CompletionFormatter(separator="", prefix="")
    cells = [3, 0.5, True, np.int64(4), np.float64(2.0), np.bool_(False), np.str_("s")]
    made = formatter.apply(frame(prompt=cells, completion=cells))
    written = ["3", "0.5", "true", "4", "2.0", "false", "s"]
    assert made["prompt"].tolist() == made["completion"].tolist() == written
    numeric = pd.DataFrame({"prompt": [1, 2]})
    assert formatter.apply(numeric)["prompt"].tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ([1], r"expected text, a number or a boolean; found a list: \[1\]"),
        ({"a": 1}, "found a dict"),
        (float("inf"), "found a float: inf"),
        (["x" * 99], r"x\.\.\."),
        (None, "the cell is empty"),
        (float("nan"), "the cell is empty"),
        (pd.NA, "the cell is empty"),
    ],
)
@pytest.mark.parametrize("column", ["prompt", "completion"])
def test_a_cell_without_text_is_named_by_its_place(cell, message, column, frame) -> None:
    chunk = frame(unit="row", prompt=["q", "q"], completion=["a", "a"])
    chunk.at[3, column] = cell
    with pytest.raises(DataError, match=f"row 3, column '{column}': .*{message}"):
        CompletionFormatter().apply(chunk)


def test_a_chunk_without_a_unit_counts_lines() -> None:
    with pytest.raises(DataError, match="line 0, column 'prompt'"):
        CompletionFormatter().apply(pd.DataFrame({"prompt": [None]}, dtype=object))


def test_a_missing_column_is_named_with_those_found(frame) -> None:
    with pytest.raises(DataError, match="column 'prompt' is missing; found 'text'"):
        CompletionFormatter().apply(frame(text=["q"]))
    with pytest.raises(DataError, match="column 'prompt' is missing; found none"):
        CompletionFormatter().apply(pd.DataFrame())


def test_labels_are_trained_as_mapped_and_come_back(frame) -> None:
    formatter = CompletionFormatter(labels={"positive": "1", "negative": "0"})
    made = formatter.apply(frame(prompt=["q"] * 3, completion=["positive", "negative", "odd"]))
    assert made["completion"].tolist() == [" 1", " 0", " odd"]
    assert [formatter.parse(text) for text in made["completion"]] == ["positive", "negative", "odd"]


def test_labels_may_change_places(frame) -> None:
    formatter = CompletionFormatter(labels={"a": "b", "b": "a"})
    made = formatter.apply(frame(prompt=["q"] * 2, completion=["a", "b"]))
    assert [formatter.parse(text) for text in made["completion"]] == ["a", "b"]


def test_a_completion_that_another_label_is_mapped_to_is_an_error(frame) -> None:
    formatter = CompletionFormatter(labels={"positive": "1"})
    with pytest.raises(DataError, match="line 3, column 'completion': '1' has no entry"):
        formatter.apply(frame(prompt=["q", "q"], completion=["positive", "1"]))


@pytest.mark.parametrize(
    ("options", "labels", "limit"),
    [
        ({}, ["neg", "pos"], 4),
        ({}, [], None),
        ({"suffix": " END"}, ["neutral"], 12),
        ({"labels": {"neutral": "2"}}, ["neutral", "é"], 3),
        ({"max_tokens": 1}, ["neutral"], 1),
        ({"max_tokens": 9}, [], 9),
        ({"prefix": ""}, [""], 1),
        ({"prefix": ""}, ["\ud800"], 3),
    ],
)
def test_an_answer_is_bounded_by_the_bytes_of_the_longest_label(options, labels, limit) -> None:
    contract = CompletionFormatter(**options).contract("completion", labels)
    assert contract.max_tokens == contract.options["max_tokens"] == limit
