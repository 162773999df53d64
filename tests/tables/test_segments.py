"""Pieces of tables, read elsewhere, are the table."""

from __future__ import annotations

import csv
import gzip
import io
import json
import pickle

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pitchpipe.errors import DataError
from pitchpipe.tables import open_table, text

quick = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
CELLS = st.text(st.sampled_from('",;\n\r ab\u20ac'), max_size=8)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(text, "_BLOCK", 11)


def travelled(table):
    segments = [pickle.loads(pickle.dumps(segment)) for segment in table.segments()]
    return [chunk for segment in segments for chunk in segment.chunks()]


def assert_same(table, chunk_rows):
    chunks = travelled(table)
    assert all(len(chunk) <= chunk_rows for chunk in chunks)
    whole = pd.concat(list(table.chunks()))
    found = pd.concat(chunks)
    assert found.index.equals(whole.index)
    assert found.index.name == whole.index.name
    pd.testing.assert_frame_equal(found[whole.columns].astype(object), whole)


@quick
@given(
    rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    chunk_rows=st.integers(1, 5),
)
@example(rows=[("\n" * 30, "")], end="\n", encoding="utf-8", chunk_rows=1)
def test_delimited(small_blocks, tmp_path, rows, end, encoding, chunk_rows):
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("one", "two"), *rows])
    path = tmp_path / "a.csv"
    path.write_bytes(out.getvalue().encode(encoding))
    assert_same(open_table(path, chunk_rows=chunk_rows), chunk_rows)


@quick
@given(
    lines=st.lists(st.tuples(st.text(st.sampled_from('" a\u20ac'), max_size=9), CELLS), max_size=9),
    chunk_rows=st.integers(1, 5),
)
def test_quotes_inside_plain_cells_open_nothing(small_blocks, tmp_path, lines, chunk_rows):
    path = tmp_path / "a.csv"
    quoted = ['"' + b.replace('"', '""') + '"' for _, b in lines]
    plain = ["x" + a for a, _ in lines]
    body = "".join(f"{a},{b}\n" for a, b in zip(plain, quoted, strict=True))
    path.write_text(f"one,two\nx,y\n{body}", encoding="utf-8", newline="")
    assert_same(open_table(path, chunk_rows=chunk_rows), chunk_rows)


@quick
@given(
    records=st.lists(
        st.dictionaries(
            st.sampled_from("abc"),
            st.text(max_size=8)
            | st.integers()
            | st.floats(allow_nan=False)
            | st.none()
            | st.lists(st.integers(-(2**70), 2**70)),
            min_size=1,
        ),
        min_size=1,
    ),
    blanks=st.booleans(),
    zipped=st.booleans(),
    chunk_rows=st.integers(1, 5),
)
def test_json_lines(small_blocks, tmp_path, records, blanks, zipped, chunk_rows):
    records = [r for r in records if json.dumps(r).isascii() and "Infinity" not in json.dumps(r)]
    records = records or [{"a": 1}]
    body = ("\n\n" if blanks else "\n").join(json.dumps(r, ensure_ascii=False) for r in records)
    path = tmp_path / ("a.jsonl.gz" if zipped else "a.jsonl")
    path.write_bytes(gzip.compress(body.encode()) if zipped else body.encode())
    table = open_table(path, chunk_rows=chunk_rows)
    found = travelled(table)
    rows = [
        {key: value for key, value in row.items() if value is not None}
        for chunk in found
        for row in chunk.to_dict("records")
    ]
    assert rows == [{k: v for k, v in record.items() if v is not None} for record in records]
    places = [line for chunk in found for line in chunk.index]
    assert places == [line for chunk in table.chunks() for line in chunk.index]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", b'{"a": 1}\n{"a": 2}\n{"a": }\n', "line 3, column 7"),
        ("a.jsonl", b'{"a": 1}\n{"a": 2}\n{"a": "\xff"}\n', "line 3: the byte 0xFF at offset 25"),
        ("a.csv", b"a,b\n1,2\n3,4\n5,6,7\n", "line 4 has 3 fields"),
        ("a.csv", b'a,b\n1,2\n3,4\n5,"6" 7\n', "line 4: ' ' follows the closing quote"),
        ("a.csv", b"a,b\n1,2\n3,4\n5,\xe9\n", "line 4: the byte 0xE9 at offset 14"),
        ("a.csv", b"a,b\n1,2\n3,4\n5,\0\n", "line 4 holds a NUL byte"),
    ],
)
def test_what_is_wrong_is_found_at_its_line(small_blocks, tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    table = open_table(path)
    with pytest.raises(DataError, match=says):
        travelled(table)


def test_other_tables_travel_as_chunks():
    frame = pd.DataFrame({"a": range(7)})
    assert_same(open_table(frame, chunk_rows=3), 3)
