"""Chunks and texts to try stages on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import pandas as pd
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")

WORDS = ("a", "b", "A", "yes", "no", " a", "a ", "a\n", "two words", "", " ", "ß", "0")

_NUMBERS = st.integers(1, 3)


def one_of(*values: T) -> SearchStrategy[T]:
    """One of some values, the first the simplest.

    Unlike sampled_from it counts from 1: what counts from 0 Hypothesis takes for a choice between
    strategies, and spends most of its time there when it looks for a smaller example.
    """
    return st.integers(1, len(values)).map(lambda number: values[number - 1])


def texts(pieces: Iterable[str] = ()) -> SearchStrategy[str]:
    """Short texts, many of them equal, some made of the pieces given."""
    words = one_of(*WORDS)
    composed = st.lists(one_of(*dict.fromkeys(pieces), *WORDS), max_size=3)
    return one_of(words, composed.map("".join), st.text(max_size=6)).flatmap(lambda kind: kind)


@st.composite
def chunks(
    draw: st.DrawFn,
    rows: SearchStrategy[Mapping[str, Any]],
    least: int = 1,
    most: int = 6,
    unit: str = "line",
) -> pd.DataFrame:
    """Rows under ascending numbers, which may have gaps, as after dropped rows."""
    first, step = draw(_NUMBERS), draw(_NUMBERS)
    drawn = draw(st.lists(rows, min_size=least, max_size=most))
    numbers = [first + step * place for place in range(len(drawn))]
    return frame(drawn, pd.Index(numbers, dtype="int64", name=unit))


def frame(rows: Sequence[Mapping[str, Any]], index: pd.Index[Any]) -> pd.DataFrame:
    """Rows as a chunk; a column that a row lacks is None there."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {
        name: pd.Series([row.get(name) for row in rows], index=index, dtype=object)
        for name in names
    }
    return pd.DataFrame(columns, index=index)


def parts(chunk: pd.DataFrame, cuts: Iterable[int]) -> list[pd.DataFrame]:
    """A chunk cut into several, some of which may be empty."""
    edges = [0, *sorted(min(cut, len(chunk)) for cut in cuts), len(chunk)]
    return [chunk.iloc[a:b] for a, b in pairwise(edges)]


def same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether two chunks have the same rows, of the same types, under the same index."""
    try:
        pd.testing.assert_frame_equal(one, other, check_column_type=False, check_index_type=False)
    except AssertionError:
        return False
    return True


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The JSON objects that a formatted chunk stands for."""
    return [
        {str(key): value for key, value in row.items() if value is not None}
        for row in frame.to_dict("records")
    ]
