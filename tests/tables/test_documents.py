"""Where the rows are in a JSON document."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from pitchpipe.errors import DataError
from pitchpipe.tables import open_table

ROWS = [{"prompt": "a", "completion": "x"}, {"prompt": "b", "completion": "y"}]
TALK = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
TALKS = [{"messages": TALK}, {"messages": TALK}]

FOUND = {
    "an array": (ROWS, ROWS, ""),
    "under one key": ({"data": ROWS}, ROWS, "under 'data'"),
    "beside others": (
        {"version": "1.0", "examples": ROWS, "n": 2},
        ROWS,
        "under 'examples'; left out: 'version', 'n'",
    ),
    "nested": ({"data": {"train": ROWS, "x": 1}}, ROWS, "'data.train'; left out: 'data.x'"),
    "a list answer of a service": ({"object": "list", "data": ROWS}, ROWS, "left out: 'object'"),
    "beside a title and a text": (
        {"title": "t", "text": "u", "rows": ROWS},
        ROWS,
        "left out: 'title', 'text'",
    ),
    "by id": ({"id0": ROWS[0], "id1": ROWS[1]}, ROWS, "objects under 'id0', 'id1'"),
    "by number": ({"0": ROWS[0], "1": ROWS[1]}, ROWS, "objects under '0', '1'"),
    "by id, unlike keys": (
        {"a": {"q": 1, "r": 2}, "b": {"q": 3}},
        [{"q": 1, "r": 2}, {"q": 3}],
        "'a', 'b'",
    ),
    "conversations by id": ({"x": TALKS[0], "y": TALKS[1]}, TALKS, "objects under 'x', 'y'"),
    "lists of messages": ([TALK, TALK], TALKS, "each is read as one conversation"),
    "lists of messages under a key": ({"data": [TALK, TALK]}, TALKS, "one conversation"),
    "lists of messages under messages": ({"messages": [TALK, TALK]}, TALKS, "conversation"),
    "one conversation": (TALK, TALKS[:1], "one conversation"),
    "a record of messages": (TALKS[0], TALKS[:1], ""),
    "a record with tools": (
        {"messages": TALK, "tools": [{"type": "function"}]},
        [{"messages": TALK, "tools": [{"type": "function"}]}],
        "",
    ),
    "a record of a conversation": (
        {"id": "1", "conversations": [{"from": "human", "value": "a"}]},
        [{"id": "1", "conversations": [{"from": "human", "value": "a"}]}],
        "",
    ),
    "conversations that are a table": ({"conversations": TALKS}, TALKS, "'conversations'"),
    "a record with a list": (
        {"prompt": "a", "completion": "b", "tags": [{"t": 1}]},
        [{"prompt": "a", "completion": "b", "tags": [{"t": 1}]}],
        "",
    ),
    "columns": ({"prompt": ["a", "b"], "completion": ["x", "y"]}, ROWS, "by columns"),
    "columns as pandas writes": (
        {"prompt": {"0": "a", "1": "b"}, "completion": {"0": "x", "1": "y"}},
        ROWS,
        "by columns",
    ),
}


@pytest.mark.parametrize(("value", "rows", "note"), FOUND.values(), ids=FOUND)
@pytest.mark.parametrize("indent", [None, 2])
def test_rows_are_found_and_it_is_said_where(save, records_of, value, rows, note, indent):
    table = open_table(save("a.json", json.dumps(value, indent=indent)))
    assert records_of(table) == rows
    assert any(note in said for said in table.notes) if note else table.notes == ()


@pytest.mark.parametrize("orient", ["columns", "index", "records", "split", "table", "values"])
def test_what_pandas_writes_is_read_or_refused(tmp_path, orient):
    frame = pd.DataFrame(ROWS)
    frame.to_json(tmp_path / "a.json", orient=orient)
    if orient in ("values", "table"):
        with pytest.raises(DataError, match=r"found an array|holds several lists"):
            open_table(tmp_path / "a.json")
    else:
        [chunk] = open_table(tmp_path / "a.json").chunks()
        assert chunk[["prompt", "completion"]].to_dict("records") == ROWS


REFUSED = {
    "two lists": ({"train": ROWS, "test": ROWS}, r"'train' \(2 objects\), 'test' \(2 objects\)"),
    "two lists, unlike": ({"train": ROWS, "test": ROWS[:1]}, r"'train' .*'test' \(1 objects\)"),
    "two nested lists": ({"train": {"r": ROWS}, "test": {"r": ROWS}}, r"'train.r'.*'test.r'"),
    "arrays": ([["prompt", "completion"], ["a", "b"]], "record 1: found an array"),
    "texts": (["a", "b"], "record 1: found a string"),
    "a notebook": ({"cells": [{"source": []}], "nbformat": 4}, "is a Jupyter notebook"),
}


@pytest.mark.parametrize(("value", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_table_is_refused_by_what_it_is(save, value, message):
    with pytest.raises(DataError, match=message):
        open_table(save("a.json", json.dumps(value)))


def test_lines_of_messages_are_conversations(save, records_of):
    path = save("a.jsonl", "\n".join([json.dumps(TALK)] * 3))
    table = open_table(path)
    assert records_of(table) == [{"messages": TALK}] * 3
    assert sum(len(c) for segment in table.segments() for c in segment.chunks()) == 3
    assert "read as conversations" in table.notes[0]


LENIENT = {
    "a comma too much": ('[{"a": 1,},\n{"a": 2},\n]', "Commas before a closing bracket"),
    "comments": ('[ // first\n{"a": 1}, /* second */ {"a": 2}]', "Comments"),
    "hash comments": ('# by hand\n[\n{"a": 1},\n{"a": 2}\n]', "Comments"),
    "one after the other": ('{\n"a": 1\n}\n{\n"a": 2\n}', "one after the other"),
    "with commas between": ('{\n"a": 1\n},\n{\n"a": 2\n},', "one after the other"),
}


@pytest.mark.parametrize(("content", "note"), LENIENT.values(), ids=LENIENT)
def test_what_has_one_reading_is_read_and_said(save, records_of, content, note):
    table = open_table(save("a.json", content))
    assert records_of(table) == [{"a": 1}, {"a": 2}]
    assert any(note in said for said in table.notes)


def test_addresses_and_commas_in_texts_stay(save, records_of):
    texts = ["http://a/b", "x,]", "/* no */", 'q"//"', "# n"]
    content = json.dumps([{"a": text} for text in texts], indent=1)[:-2] + ",\n]"
    assert [r["a"] for r in records_of(open_table(save("a.json", content)))] == texts


DAMAGED = {
    "repr": ("[{'a': True}, {'a': None}]", "line 1, column 3.*Python's repr.*json.dumps"),
    "repr in lines": ("{'a': 1}\n{'a': 2}\n", "line 1, column 2.*Python's repr"),
    "repr with quotes": ('{"a": "it", "b": True}\n' * 2, "line 1, .*Python's repr"),
    "repr with escapes": (r"{'a': '\d'}" + "\n{'a': '\\d'}\n", "Python's repr"),
    "sets": ("[{'a', ['x':1]}]", "single quotes"),
    "typographic": ("{“a”: “b”}\n{“a”: “c”}\n", "the quote “ is typographic"),
    "cut": ('[{"a": 1}, {"a": ', "line 1, column"),
}


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.txt", "a"])
@pytest.mark.parametrize(("content", "message"), DAMAGED.values(), ids=DAMAGED)
def test_damaged_json_is_named(save, name, content, message):
    with pytest.raises(DataError, match=message):
        list(open_table(save(name, content)).chunks())
