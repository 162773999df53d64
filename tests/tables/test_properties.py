from __future__ import annotations

import csv
import gzip
import io

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pitchpipe.errors import PitchpipeError
from pitchpipe.tables import open_table, write_jsonl

quick = settings(max_examples=60, deadline=None)

TEXT = st.text(
    st.one_of(
        st.sampled_from("\",;\t\n\r\u2028\u2029\x85 \ufeff'\\"),
        st.characters(exclude_categories=["Cs"]),
    )
)
CELL = TEXT.map(lambda text: text.replace("\0", ""))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.lists(st.dictionaries(TEXT, JSON, max_size=4), min_size=1, max_size=8)
ROWS = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=8)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


def concat(table):
    chunks = list(table.chunks(table.columns))
    return chunks, pd.concat(chunks)


@quick
@given(records=RECORDS, chunk_rows=st.integers(1, 9))
def test_json_lines_come_back_as_they_were_written(
    folder, records_of, places_of, records, chunk_rows
):
    path = folder / "a.jsonl"
    with write_jsonl(path) as writer:
        writer.write(records)
    table = open_table(path, chunk_rows=chunk_rows)
    present = [{k: v for k, v in record.items() if v is not None} for record in records]
    assert records_of(table) == present
    assert places_of(table) == list(range(1, len(records) + 1))
    assert set(table.columns) == {key for record in present for key in record}


@quick
@given(rows=ROWS, end=st.sampled_from(["\n", "\r\n"]), quoting=st.sampled_from([0, 1]))
@example(rows=[["\n\r\n"], [""], [" "]], end="\r\n", quoting=0)
def test_csv_comes_back_with_the_line_of_every_record(folder, rows, end, quoting):
    text = io.StringIO(newline="")
    # older versions of csv quote a carriage return only where it belongs to the line's end
    everything = csv.QUOTE_ALL if quoting or end == "\n" else csv.QUOTE_MINIMAL
    writer = csv.writer(text, lineterminator=end, quoting=everything)
    writer.writerow(["a", "b", "c"][: len(rows[0])])
    lines = []
    for row in rows:
        lines.append(text.getvalue().count("\n") + 1)
        writer.writerow(row)
    path = folder / "a.csv"
    path.write_bytes(text.getvalue().encode())
    [chunk] = open_table(path).chunks()
    assert chunk.to_numpy().tolist() == [[cell or None for cell in row] for row in rows]
    assert chunk.index.tolist() == lines


@quick
@given(rows=ROWS, records=RECORDS, chunk_rows=st.integers(1, 9))
def test_chunking_does_not_matter(folder, rows, records, chunk_rows):
    frame = pd.DataFrame(rows, columns=["a", "b", "c"][: len(rows[0])], dtype=object)
    frame.to_csv(folder / "b.csv", index=False, quoting=csv.QUOTE_ALL, encoding="utf-8")
    with write_jsonl(folder / "b.jsonl") as writer:
        writer.write(records)
    for source in (folder / "b.csv", folder / "b.jsonl", frame):
        _, whole = concat(open_table(source))
        chunks, joined = concat(open_table(source, chunk_rows=chunk_rows))
        assert max(map(len, chunks)) <= chunk_rows
        pd.testing.assert_frame_equal(joined, whole)


@quick
@given(
    cells=st.lists(CELL, min_size=1, max_size=4),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    zipped=st.booleans(),
)
def test_encoding_does_not_matter(folder, cells, encoding, zipped):
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["a"], *([cell] for cell in cells)])
    content = text.getvalue().encode(encoding)
    path = folder / ("a.csv.gz" if zipped else "c.csv")
    path.write_bytes(gzip.compress(content) if zipped else content)
    [chunk] = open_table(path).chunks()
    assert chunk["a"].tolist() == [cell or None for cell in cells]


@settings(max_examples=200, deadline=None)
@given(
    content=st.binary(max_size=60)
    | st.text(st.sampled_from('a,"\n\r[]{}:1 \\\0é;\t')).map(str.encode),
    name=st.sampled_from(
        ["x.csv", "x.tsv", "x.txt", "x.json", "x.jsonl", "x.csv.gz", "x.xlsx", "x.parquet"]
    ),
)
def test_any_bytes_are_a_table_or_a_clear_error(folder, content, name):
    path = folder / name
    path.write_bytes(content)
    try:
        outcome: int | str = sum(len(chunk) for chunk in open_table(path).chunks())
    except PitchpipeError as error:
        outcome = str(error)
    assert outcome > 0 if isinstance(outcome, int) else outcome.startswith(f"{path}: ")
