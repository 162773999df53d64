from __future__ import annotations

import json

import pandas as pd
import pytest

from pitchpipe.errors import DataError
from pitchpipe.tables import open_table


def test_values_of_json_lines_are_python_objects(save, records_of, places_of):
    record = {"a": 1, "b": [1.5, {"c": None}], "d": True, "e": "007", "f": {"g": []}}
    table = open_table(save("a.jsonl", f"\n{json.dumps(record)}\r\n \n{{}}\n"))
    assert records_of(table) == [record, {}]
    assert places_of(table) == [2, 4]
    assert table.unit == "line"


def test_null_and_nan_are_missing(save):
    [chunk] = open_table(save("a.jsonl", '{"a": null, "b": NaN, "c": [NaN]}')).chunks()
    assert chunk.to_numpy().tolist() == [[None, None, [None]]]


def test_a_late_key_is_a_column_of_its_chunk_and_of_the_table(save):
    path = save("a.jsonl", '{"b": 1}\n{"b": 2}\n{"a": 3}\n')
    table = open_table(path, chunk_rows=2)
    assert [list(chunk.columns) for chunk in table.chunks()] == [["b"], ["a"]]
    assert table.columns == ["b", "a"] == open_table(path).columns


def test_chunks_can_be_asked_for_columns(save):
    table = open_table(save("a.jsonl", '{"b": 1}\n{"a": 3}\n'), chunk_rows=1)
    cells = [chunk.to_numpy().tolist() for chunk in table.chunks(["a", "b", "c"])]
    assert cells == [[[None, 1, None]], [[3, None, None]]]


def test_only_a_line_feed_ends_a_line(save, records_of, places_of):
    texts = ["x", "\u2028", "a\u2029b\x85c"]
    table = open_table(save("a.jsonl", "".join(f'{{"a": "{text}"}}\n' for text in texts)))
    assert [record["a"] for record in records_of(table)] == texts
    assert places_of(table) == [1, 2, 3]


@pytest.mark.parametrize(
    "content",
    [
        '[{"a": 1}, {"a": 2}]',
        '[{"a": 1},\n{"a": 2}]',
        '[\n  {\n    "a": 1\n  },\n  {\n    "a": 2\n  }\n]\n',
        '{\n"rows": [{"a": 1}, {"a": 2}]\n}',
    ],
)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_an_array_is_recognised_under_either_name(save, records_of, places_of, content, name):
    table = open_table(save(name, content), chunk_rows=1)
    assert records_of(table) == [{"a": 1}, {"a": 2}]
    assert places_of(table) == [1, 2]
    assert (table.unit, table.columns) == ("record", ["a"])


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_lines_are_recognised_under_either_name(save, records_of, name):
    table = open_table(save(name, '{"a": 1}\n\n{"b": 2}\n'))
    assert records_of(table) == [{"a": 1}, {"b": 2}]
    assert table.unit == "line"


def test_an_object_of_one_array_is_a_table_in_json_and_a_record_in_json_lines(save, records_of):
    content = '{"turns": [{"a": 1}]}'
    assert records_of(open_table(save("a.json", content))) == [{"a": 1}]
    assert records_of(open_table(save("a.jsonl", content))) == [{"turns": [{"a": 1}]}]


@pytest.mark.parametrize("record", [{"messages": [{"role": "user"}]}, {"a": "x", "b": [1]}])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_lone_record_is_a_table_of_one_row(save, records_of, record, indent):
    path = save("a.json", json.dumps(record, indent=indent))
    assert records_of(open_table(path)) == [record]


def test_escapes_of_whole_pairs_are_characters(save, records_of):
    assert records_of(open_table(save("a.jsonl", r'{"a": "\ud83d\ude00"}'))) == [
        {"a": "\U0001f600"}
    ]


BROKEN = {
    "blank": ("a.jsonl", " \n\n", "only blank lines"),
    "no records": ("a.json", "[]", "no rows"),
    "empty array inside": ("a.json", '{"rows": []}', "no rows"),
    "invalid line": ("a.jsonl", '{"a": 1}\n\n{"a": x}\n', "line 3, column 7: not valid JSON"),
    "invalid first line": ("a.jsonl", '{"a": 1\n{"a": 2}\n', "line 1, column 8: not valid JSON"),
    "blank of Python only": ("a.jsonl", '{"a": 1}\n\u2028\n', "line 2, column 1: not valid JSON"),
    "array among lines": ("a.jsonl", '{"a": 1}\n[1]\n', "line 2: found an array"),
    "lines of arrays": ("a.jsonl", "[1]\n[2]\n", "line 1: found an array"),
    "lines of text": ("a.jsonl", '"x"\n', "line 1: found a string"),
    "null line": ("a.jsonl", '{"a": 1}\nnull\n', "line 2: found null"),
    "infinity": ("a.jsonl", '{"a": -Infinity}\n', "line 1: .*-Infinity is not a number"),
    "huge number": ("a.jsonl", f'{{"a": {"9" * 5000}}}', "line 1: a: 9+[.]{3} is not a number"),
    "deep line": ("a.jsonl", '{"a": ' + "[" * 200_000, "line 1: .*nested too deeply"),
    "deep array": ("a.json", "[" * 200_000, "nested too deeply"),
    "half a pair": ("a.jsonl", '{"a": 1}\n{"b": "\\uD800"}\n', "line 2, column 'b': .*surrogate"),
    "half in a key": ("a.jsonl", '{"b": {"\\udc00": 1}}\n', "line 1, column 'b': .*surrogate"),
    "half in a record": ("a.json", '[{}, {"c": [["\\udfff"]]}]', "record 2, column 'c': .*surr"),
    "invalid array": ("a.json", '[{"a": 1},\n{"a" 2}]', "line 2, column 6: not valid JSON"),
    "number in array": ("a.json", '[{"a": 1}, 2]', "record 2: found a number"),
    "number": ("a.json", "3", "record 1: found a number"),
    "infinity in array": ("a.json", '[{"a": Infinity}]', "Infinity is not a number"),
}


@pytest.mark.parametrize(("name", "content", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_an_error_that_says_where(save, name, content, message):
    path = save(name, content)
    with pytest.raises(DataError, match=message) as caught:
        list(open_table(path).chunks())
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    "text",
    [
        '{"prompt": ["a", "b"], "completion": ["x", null]}',
        '{"prompt": {"0": "a", "1": "b"}, "completion": {"0": "x", "1": null}}',
        '{"prompt": {"k": "a", "l": "b"}, "completion": {"k": "x", "l": null}}',
    ],
)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_a_table_column_by_column(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text.replace(", ", ",\n") if name == "a.json" else text)
    if name == "a.jsonl":
        path.write_text(text.replace("{", "{\n", 1))
    [chunk] = open_table(path).chunks()
    assert chunk["prompt"].tolist() == ["a", "b"]
    assert chunk["completion"].tolist() == ["x", None]
    assert chunk.index.tolist() == [1, 2]


@pytest.mark.parametrize(
    "text",
    [
        '{"prompt": "a", "completion": "x"}',
        '{"messages": [{"role": "user"}], "tools": [{"type": "function"}]}',
        '{"prompt": ["a"], "completion": "x"}',
        '{"prompt": ["a"], "completion": ["x", "y"]}',
        '{"input": {"messages": []}, "preferred_output": [{}], "non_preferred_output": [{}]}',
        '{"prompt": {"a": 1}}',
    ],
)
def test_one_record_is_no_table_column_by_column(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    [chunk] = open_table(path).chunks()
    assert len(chunk) == 1
    assert set(chunk.columns) == set(json.loads(text))


@pytest.mark.parametrize("depth", [202, 500, 900, 2000])
def test_nesting_has_an_end(tmp_path, depth):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n{"a": ' + "[" * depth + "]" * depth + "}\n")
    with pytest.raises(DataError, match=r"line 2.*nested too deeply"):
        [chunk for segment in open_table(path).segments() for chunk in segment.chunks()]
    path.write_text('{"a": 1}\n{"a": ' + "[" * 190 + "]" * 190 + "}\n")
    assert sum(len(chunk) for chunk in open_table(path).chunks()) == 2


def test_what_pandas_writes_comes_back(tmp_path):
    frame = pd.DataFrame({"prompt": ["a", "b"], "completion": ["x", "y"]})
    frame.to_json(tmp_path / "a.json")
    [chunk] = open_table(tmp_path / "a.json").chunks()
    assert chunk.to_dict("list") == frame.to_dict("list")
