from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from pitchpipe.errors import DataError, PitchpipeError
from pitchpipe.tables import open_table, write_jsonl


def test_records_are_written_as_utf8_lines_without_missing_keys(tmp_path):
    path = tmp_path / "new" / "a.jsonl"
    with write_jsonl(path) as writer:
        writer.write([{"a": "é\n\u2028", "b": None}])
        writer.write(iter([{"b": [None, 1]}, {}]))
        assert writer.rows == 3
        assert not path.exists()
    assert path.read_bytes() == '{"a":"é\\n\u2028"}\n{"b":[null,1]}\n{}\n'.encode()


def test_values_of_other_libraries_are_written(tmp_path):
    with write_jsonl(tmp_path / "a.jsonl") as writer:
        writer.write([{"a": np.int64(1), "b": np.array([1.5]), "c": pd.Timestamp("2026-01-02")}])
    assert json.loads((tmp_path / "a.jsonl").read_text()) == {
        "a": 1,
        "b": [1.5],
        "c": "2026-01-02T00:00:00",
    }


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({1}, "set has no counterpart"),
        (float("nan"), "not JSON compliant"),
        ([float("inf")], "not JSON compliant"),
        ("\ud800", "surrogate"),
    ],
)
def test_what_json_cannot_hold_is_an_error_and_leaves_no_file(tmp_path, value, reason):
    def write():
        with write_jsonl(tmp_path / "a.jsonl") as writer:
            writer.write([{"ok": 1}, {"ok": 1, "bad": value}])

    with pytest.raises(DataError, match=f"record 2, column 'bad' .*{reason}"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_value_nested_without_end_is_an_error(tmp_path):
    deep: list[object] = []
    for _ in range(200_000):
        deep = [deep]
    with (
        pytest.raises(DataError, match=r"record 1, column 'bad' .*nested too deeply"),
        write_jsonl(tmp_path / "a.jsonl") as writer,
    ):
        writer.write([{"bad": deep}])


def test_a_place_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(PitchpipeError, match=r"a\.jsonl: cannot be written"),
        write_jsonl(tmp_path / "file" / "a.jsonl"),
    ):
        pass


def test_what_is_written_is_read_from_the_same_line(tmp_path, places_of):
    with write_jsonl(tmp_path / "a.jsonl") as writer:
        writer.write({"a": f"\x85{n}\u2029\n"} for n in range(5))
    assert places_of(open_table(tmp_path / "a.jsonl")) == [1, 2, 3, 4, 5]
