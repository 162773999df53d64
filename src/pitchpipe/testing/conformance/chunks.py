"""Chunks and texts to try stages on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

import pandas as pd
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

WORDS = ("a", "b", "A", "yes", "no", " a", "a ", "a\n", "two words", "", " ", "ß", "0")


def texts(pieces: Iterable[str] = ()) -> SearchStrategy[str]:
    """Short texts, many of them equal, some made of the pieces given."""
    words = st.sampled_from(WORDS)
    composed = st.lists(st.sampled_from([*dict.fromkeys(pieces), *WORDS]), max_size=3)
    return words | composed.map("".join) | st.text(max_size=6)


@st.composite
def chunks(
    draw: st.DrawFn,
    rows: SearchStrategy[Mapping[str, Any]],
    least: int = 1,
    most: int = 6,
    unit: str = "line",
) -> pd.DataFrame:
    """Rows under ascending numbers with gaps, as after dropped rows."""
    drawn = draw(st.lists(rows, min_size=least, max_size=most))
    gaps = st.lists(st.integers(1, 3), min_size=len(drawn), max_size=len(drawn))
    index = pd.Index(list(accumulate(draw(gaps))), dtype="int64", name=unit)
    return frame(drawn, index)


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
