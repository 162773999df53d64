from __future__ import annotations

import datetime
import io
import sys
import zipfile
from decimal import Decimal

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pitchpipe.errors import DataError
from pitchpipe.tables import open_table


@pytest.fixture
def workbook(tmp_path):
    """Saves rows as the first sheet of a workbook, at their places."""

    def save(rows):
        book = openpyxl.Workbook()
        for number, row in rows.items():
            for column, value in enumerate(row, start=1):
                book.active.cell(number, column, value)
        book.create_sheet("second").append(["other"])
        path = tmp_path / "book.xlsx"
        book.save(path)
        return path

    return save


def test_other_sheets_are_named_and_left_out(workbook):
    table = open_table(workbook({1: ["a"], 2: ["x"]}))
    assert table.notes == ("Only the first sheet, 'Sheet', is read, not 'second'.",)


def test_a_sheet_is_read_with_its_own_row_numbers(workbook, records_of, places_of):
    day = datetime.datetime(2026, 1, 2, 3, 4)
    path = workbook(
        {
            2: ["text", "tag", 7],
            3: ["fine", 1, True],
            5: [None, 2.5, None],
            6: ["007", "", None],
            8: ["x", day],
        }
    )
    table = open_table(path, chunk_rows=3)
    assert records_of(table) == [
        {"text": "fine", "tag": 1, "7": True},
        {"tag": 2.5},
        {"text": "007"},
        {"text": "x", "tag": day.isoformat()},
    ]
    assert places_of(table) == [3, 5, 6, 8]
    assert (table.unit, table.name, table.columns) == ("row", "book", ["text", "tag", "7"])


def test_a_column_without_a_name_is_called_as_pandas_calls_it(workbook):
    assert open_table(workbook({1: [None, "a"], 2: [1, 2]})).columns == ["Unnamed: 0", "a"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({}, "first sheet is empty"),
        ({1: ["a", "b"]}, r"no rows below the header \(a, b\)"),
        ({1: ["a", "a"], 2: [1, 2]}, "row 1: columns 1 and 2"),
        ({1: ["a"], 2: [1], 4: [1, 2]}, "row 4 has a value in column 2"),
    ],
)
def test_a_sheet_that_is_no_table_is_an_error(workbook, rows, message):
    with pytest.raises(DataError, match=message):
        list(open_table(workbook(rows)).chunks())


def test_a_file_that_is_no_workbook_is_an_error(save, workbook):
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("x", "y")
    whole = workbook({1: ["a"], 2: ["b"]}).read_bytes()
    for content in (b"a,b\n1,2\n", other.getvalue(), whole[: len(whole) // 2]):
        with pytest.raises(DataError, match=r"x\.xlsx: not an Excel workbook"):
            open_table(save("x.xlsx", content))


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [("sheet1.xml", b"</row>", b"<"), ("workbook.xml", b"tabRatio", b"tabRaxio")],
)
def test_a_damaged_workbook_is_an_error(save, workbook, part, old, new):
    damaged = io.BytesIO()
    with (
        zipfile.ZipFile(workbook({1: ["a"], 2: ["b"]})) as source,
        zipfile.ZipFile(damaged, "w") as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            assert old in content or not name.endswith(part)
            target.writestr(name, content.replace(old, new) if name.endswith(part) else content)
    with pytest.raises(DataError, match="not an Excel workbook"):
        list(open_table(save("x.xlsx", damaged.getvalue())).chunks())


def test_parquet_is_read_as_python_objects(tmp_path, records_of, places_of):
    frame = pd.DataFrame(
        {
            "text": ["a", None, "c"],
            "n": [1.5, float("nan"), 2.0],
            "k": [1, 2, 3],
            "list": [["x"], [], None],
            "at": pd.to_datetime(["2026-01-02", None, "2026-01-03"]),
            "price": [Decimal("1.10"), None, None],
            "a.b": [True, False, None],
        },
        index=[7, 8, 10],
    )
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=2)
    table = open_table(tmp_path / "t.parquet")
    assert records_of(table) == [
        {
            "text": "a",
            "n": 1.5,
            "k": 1,
            "list": ["x"],
            "at": "2026-01-02T00:00:00",
            "price": "1.10",
            "a.b": True,
        },
        {"k": 2, "list": [], "a.b": False},
        {"text": "c", "n": 2.0, "k": 3, "at": "2026-01-03T00:00:00"},
    ]
    assert places_of(table) == [1, 2, 3]
    assert (table.unit, table.columns) == ("row", list(frame.columns))


def test_parquet_comes_in_chunks(tmp_path):
    pq.write_table(pa.table({"a": range(10)}), tmp_path / "t.parquet")
    chunks = list(open_table(tmp_path / "t.parquet", chunk_rows=4).chunks())
    assert [chunk.index.tolist() for chunk in chunks] == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]


def test_a_file_that_is_no_parquet_is_an_error(save):
    with pytest.raises(DataError, match=r"a\.parquet: not a Parquet file"):
        open_table(save("a.parquet", b"PAR1 not really PAR1"))


def test_a_damaged_page_of_parquet_is_an_error(save, tmp_path):
    pq.write_table(pa.table({"a": [f"text {n}" for n in range(1000)]}), tmp_path / "t.parquet")
    content = bytearray((tmp_path / "t.parquet").read_bytes())
    content[4:400] = b"\xff" * 396
    with pytest.raises(DataError, match="not a Parquet file"):
        list(open_table(save("b.parquet", bytes(content))).chunks())


def test_parquet_needs_rows_and_names(tmp_path):
    pq.write_table(pa.table({"a": pa.array([], pa.string())}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"no rows below the header \(a\)"):
        open_table(tmp_path / "t.parquet")
    pq.write_table(pa.table([["x"], ["y"]], names=["a", "a"]), tmp_path / "d.parquet")
    with pytest.raises(DataError, match="columns 1 and 2 are both called 'a'"):
        open_table(tmp_path / "d.parquet")


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [("a.xlsx", "openpyxl", "excel"), ("a.parquet", "pyarrow.parquet", "parquet")],
)
def test_a_missing_package_is_named_with_its_extra(save, monkeypatch, name, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DataError, match=rf"pip install 'pitchpipe\[{extra}\]'"):
        open_table(save(name, b"x"))
