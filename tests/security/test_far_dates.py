"""Dates that Python cannot hold, and types that JSON has no counterpart for."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pitchpipe.config import Config
from pitchpipe.errors import DataError, PitchpipeError
from pitchpipe.pipeline import Pipeline

ROWS = 24
FAR = 2**62


def _array(values: list[object], kind: pa.DataType | None = None) -> pa.Array:
    return pa.array((values * ROWS)[:ROWS], kind)


UNREADABLE: dict[str, pa.Array] = {
    "a far timestamp": _array([1, FAR], pa.timestamp("us")),
    "a far timestamp with a zone": _array([1, FAR], pa.timestamp("us", "UTC")),
    "a far timestamp in seconds": _array([1, 2**50], pa.timestamp("ms", "Europe/Berlin")),
    "a timestamp before the year 1": _array([1, -FAR], pa.timestamp("us")),
    "a far date": _array([1, 2**30], pa.date32()),
    "a date before the year 1": _array([1, -800_000], pa.date32()),
    "a time beyond the day": _array([1, 2**61], pa.time64("us")),
    "a far duration": _array([1, 2**60], pa.duration("ms")),
    "far timestamps in lists": _array([[1], [1, FAR]], pa.list_(pa.timestamp("us"))),
    "far timestamps in objects": _array(
        [{"at": 1}, {"at": FAR}], pa.struct([("at", pa.timestamp("us"))])
    ),
    "far timestamps as values of a map": _array(
        [[("a", 1)], [("a", FAR)]], pa.map_(pa.string(), pa.timestamp("us"))
    ),
}
READABLE: dict[str, pa.Array] = {
    "nanoseconds with a zone": _array([1, FAR], pa.timestamp("ns", "Europe/Berlin")),
    "durations": _array([1, FAR], pa.duration("ns")),
    "decimals": _array([decimal.Decimal("1.50")], pa.decimal128(38, 2)),
    "long decimals": _array([decimal.Decimal(10) ** 70], pa.decimal256(76, 2)),
    "bytes": _array([b"\xff\0"]),
    "bytes of one length": _array([b"abcd"], pa.binary(4)),
    "nulls": pa.nulls(ROWS),
    "lists of objects": _array([[{"a": 1, "b": [None]}]]),
    "maps": _array([[("k", 1)]], pa.map_(pa.string(), pa.int8())),
    "half floats": _array([1.5], pa.float16()),
    "labels": _array(["a", "b"]).dictionary_encode(),
    "an extension": pa.ExtensionArray.from_storage(
        pa.fixed_shape_tensor(pa.int8(), [2]), _array([[1, 2]], pa.list_(pa.int8(), 2))
    ),
}


def _prepared(path: Path, column: pa.Array, as_prompt: bool) -> None:
    answers = _array(["x", "y"])
    questions = column if as_prompt else pa.array([f"question {n}" for n in range(ROWS)])
    columns = {"prompt": questions, "completion": answers}
    pq.write_table(pa.table(columns if as_prompt else columns | {"other": column}), path)
    Pipeline.from_config(Config()).prepare(path, dry_run=True)


def _refusal(act: Callable[[], object]) -> str:
    """The message of the refusal; "" where there is none. Any other error goes on."""
    try:
        act()
    except PitchpipeError as refusal:
        return str(refusal)
    return ""


@pytest.mark.parametrize("as_prompt", [True, False])
@pytest.mark.parametrize("case", UNREADABLE)
def test_a_value_that_python_cannot_hold(tmp_path: Path, case: str, as_prompt: bool) -> None:
    path = tmp_path / "t.parquet"
    name = "prompt" if as_prompt else "other"
    with pytest.raises(DataError, match=f"row 2, column '{name}': the value .* cannot be read"):
        _prepared(path, UNREADABLE[case], as_prompt)


@pytest.mark.parametrize("case", READABLE)
def test_other_types_are_read_or_named(tmp_path: Path, case: str) -> None:
    path = tmp_path / "t.parquet"
    _prepared(path, READABLE[case], as_prompt=False)
    said = _refusal(lambda: _prepared(path, READABLE[case], as_prompt=True))
    assert str(path) in said or not said


VALUES: list[object] = [
    np.datetime64("9999999-01-01", "Y"),
    datetime.timedelta.max,
    pd.Period("2020"),
    pd.Interval(0, 1),
    complex(1, 2),
    b"bytes",
    decimal.Decimal("NaN"),
    {1, 2},
    pytest.param(object(), id="object"),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("column", ["prompt", "other"])
def test_values_of_a_frame(value: object, column: str) -> None:
    frame = pd.DataFrame(
        {
            "prompt": pd.Series([f"question {n}" for n in range(ROWS)], dtype=object),
            "completion": ["x", "y"] * (ROWS // 2),
            "other": pd.Series([""] * ROWS, dtype=object),
        }
    )
    frame[column] = pd.Series([value] * ROWS, dtype=object)
    said = _refusal(lambda: Pipeline.from_config(Config()).prepare(frame, dry_run=True))
    assert "column" in said or "row" in said or not said
