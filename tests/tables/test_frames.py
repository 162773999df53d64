from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from pitchpipe.errors import DataError
from pitchpipe.tables import frame_to_records, open_table


def test_a_frame_is_numbered_from_one_whatever_its_index(records_of, places_of):
    frame = pd.DataFrame({"a": ["x", "y", "z"], 5: [1, 2, 3]}, index=[9, 9, 7])
    table = open_table(frame, chunk_rows=2)
    assert places_of(table) == [1, 2, 3]
    assert records_of(table) == [{"a": "x", "5": 1}, {"a": "y", "5": 2}, {"a": "z", "5": 3}]
    assert (table.name, table.path, table.unit) == ("data", None, "row")
    assert table.columns == ["a", "5"]
    assert [chunk.index.name for chunk in table.chunks()] == ["row", "row"]


def test_values_become_pythons_own():
    values = [
        np.int64(3), np.float32(0.5), np.bool_(True), np.str_("s"), np.array([1, 2]),
        float("nan"), pd.NA, pd.NaT, None, np.datetime64("2026-01-02"),
        pd.Timestamp("2026-01-02"), datetime.time(1, 2), ({1: np.nan},),
        np.array(["2026-01-02", "NaT"], "datetime64[ns]"), np.timedelta64(1, "ns"),
    ]  # fmt: skip
    [chunk] = open_table(pd.DataFrame({"a": pd.Series(values, dtype=object)})).chunks()
    expected = [
        3, 0.5, True, "s", [1, 2],
        None, None, None, None, "2026-01-02T00:00:00",
        "2026-01-02T00:00:00", "01:02:00", [{"1": None}],
        ["2026-01-02T00:00:00", None], pd.Timedelta(1, "ns"),
    ]  # fmt: skip
    assert chunk["a"].tolist() == expected
    assert [type(value) for value in chunk["a"]] == [type(value) for value in expected]


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean", "string", "category", object])
def test_columns_of_any_dtype_give_none_for_missing(dtype):
    frame = pd.DataFrame({"a": pd.Series([1, None], dtype="Int64").astype(dtype)})
    [chunk] = open_table(frame).chunks()
    assert chunk["a"].dtype == object
    assert chunk["a"].iloc[1] is None
    assert [set(record) for record in frame_to_records(frame)] == [{"a"}, set()]


def test_the_frame_is_left_alone():
    frame = pd.DataFrame({"a": [1.0, float("nan")]})
    before = frame.copy()
    [chunk] = open_table(frame).chunks()
    chunk["a"] = "changed"
    list(frame_to_records(frame))
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"a": []}), r"DataFrame: no rows below the header \(a\)"),
        (pd.DataFrame(), "DataFrame: no rows"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "DataFrame: columns 1 and 2 .*'a'"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), "DataFrame: columns 1 and 2 .*'1'"),
        (pd.DataFrame([[1]], columns=[""]), "DataFrame: column 1 has no name"),
        (
            pd.DataFrame({"a": ["x", ["\ud800"]]}, dtype=object),
            "DataFrame: row 2, column 'a': .*surrogate",
        ),
    ],
)
def test_a_frame_that_is_no_table_is_an_error(frame, message):
    with pytest.raises(DataError, match=message):
        list(open_table(frame).chunks())


def test_the_fingerprint_follows_the_content():
    def fingerprint(frame, chunk_rows=10):
        return open_table(frame, chunk_rows=chunk_rows).fingerprint()

    frame = pd.DataFrame({"a": ["x", "y"], "b": [1, {2}]})
    assert fingerprint(frame) == fingerprint(frame.set_index("a", drop=False), 1)
    others = [frame.rename(columns={"a": "c"}), frame[::-1], frame[:1], frame[["b", "a"]]]
    assert len({fingerprint(other) for other in [frame, *others]}) == 5


def test_records_leave_out_what_is_missing():
    chunk = pd.DataFrame({"a": ["x", None], "b": [float("nan"), 2.0], "c": [[None], []]})
    assert list(frame_to_records(chunk)) == [{"a": "x", "c": [None]}, {"b": 2.0, "c": []}]


def test_rows_without_columns_are_empty_records():
    assert list(frame_to_records(pd.DataFrame(index=[4, 5]))) == [{}, {}]
