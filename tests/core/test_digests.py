from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.digests import digest, repeated

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def one(*cells: object) -> int:
    return int(digest([[cell] for cell in cells])[0])


@given(st.lists(JSON, min_size=1), st.integers(0, 30))
def test_equal_values_have_equal_fingerprints_wherever_they_stand(values: list, cut: int) -> None:
    whole = digest([values]).tolist()
    assert whole == digest([values[:cut]]).tolist() + digest([values[cut:]]).tolist()
    assert whole == digest([json.loads(json.dumps(values))]).tolist()


@pytest.mark.parametrize(
    ("value", "same"),
    [
        ("1", 1),
        (np.int64(1), 1),
        (True, "true"),
        (float("nan"), None),
        (pd.NA, None),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ],
)
def test_what_is_written_alike_is_alike(value: object, same: object) -> None:
    assert one(value) == one(same)


@pytest.mark.parametrize(
    ("value", "other"),
    [
        ("None", None),
        ("null", None),
        ("nan", None),
        ("", None),
        (["a"], '["a"]'),
        ("\ud800", "\ufffd"),
        (1.0, 1),
    ],
)
def test_what_is_not_alike_is_told_apart(value: object, other: object) -> None:
    assert one(value) != one(other)


def test_columns_do_not_run_into_each_other() -> None:
    assert one("ab", "c") != one("a", "bc")
    assert one("x", "y") != one("y", "x")


def test_what_json_lacks_is_compared_by_its_text() -> None:
    day = pd.Timestamp("2026-01-06").to_pydatetime()
    assert one(day) == one(day)
    assert one([2**70, "\ud800"]) == one([2**70, "\ud800"])


@given(st.lists(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 3)), max_size=4))
def test_repeats_are_those_that_counting_finds(parts: list[list[int]]) -> None:
    values = [value for part in parts for value in part]
    twice = sorted({value for value in values if values.count(value) > 1})
    assert repeated([np.array(part, dtype=np.uint64) for part in parts]).tolist() == twice
