from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.default_plugins.splitters import LegacySplitter

rows = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 20)), min_size=2, max_size=60)


def sampled(rows: int) -> list[int]:
    """The positions that the openai package trained on, in its order."""
    size = max(rows - 1000, int(rows * 0.8))
    return list(pd.DataFrame({"n": range(rows)}).sample(n=size, random_state=42)["n"])


@pytest.mark.parametrize("rows", [4, 5, 10, 333, 4999, 5001, 12_000])
def test_it_trains_on_the_rows_that_were_drawn_in_their_order(rows: int, make_index) -> None:
    stage = LegacySplitter()
    valid = stage.split(make_index(["x"] * rows, list(range(rows)))).to_numpy()
    order = stage.order(rows)
    assert order[~valid[order]].tolist() == sampled(rows)


def test_free_text_is_not_split(make_index) -> None:
    assert not LegacySplitter().split(make_index([None] * 50)).any()
    assert LegacySplitter().split(make_index([])).empty


@given(rows)
def test_faults_are_mended_and_nothing_else_is_changed(make_index, rows) -> None:
    labels, prompts = [label for label, _ in rows], [prompt for _, prompt in rows]
    index = make_index(labels, prompts)
    before = index.copy()
    valid = LegacySplitter().split(index)
    pd.testing.assert_frame_equal(index, before)
    pd.testing.assert_series_equal(valid, LegacySplitter().split(index))
    assert not len(valid) or not valid.all()

    sides: dict[tuple[str, int], set[bool]] = {}
    for row, held_out in zip(rows, valid, strict=True):
        sides.setdefault(row, set()).add(bool(held_out))
    assert all(len(found) == 1 for found in sides.values())
    for label in set(labels):
        found = [side for (other, _), side in sides.items() if other == label]
        assert len(found) == 1 or set.union(*found) == {True, False}

    drawn = np.ones(len(rows), dtype=bool)
    drawn[sampled(len(rows))] = False
    moved = {row for row, a, b in zip(rows, drawn, valid, strict=True) if a != b}
    repeated = {row for row in rows if rows.count(row) > 1}
    if not repeated:
        lonely = {
            label
            for label in set(labels)
            if labels.count(label) > 1
            and len({d for d, other in zip(drawn, labels, strict=True) if other == label}) == 1
        }
        assert sorted(label for label, _ in moved) == sorted(lonely)


@pytest.mark.parametrize(
    ("labels", "prompts", "held_out"),
    [
        # ten rows are drawn in the order 8 1 5 0 7 2 9 4, and 3 6 are held out
        ("xxxxxxxxxx", "0123456789", [3, 6]),
        # alike on both sides: as most of them, in doubt trained on
        ("xxxxxxxxxx", "0120456789", [6]),
        ("xxxxxxxxxx", "0120450789", [0, 3, 6]),
        # of a class that is only trained on, the last one drawn
        ("yyxxxxxxxx", "0123456789", [0, 3, 6]),
        # or one with fewest like it
        ("yyyxxxxxxx", "0003456789", [3, 6]),
        ("yyyyxxxxxx", "0012456789", [3, 6]),
        ("yyyxxxxxxx", "0013456789", [2, 3, 6]),
        # of a class that is only held out, the first one drawn
        ("xxxyxxyxxx", "0123456789", [4, 6]),
    ],
)
def test_by_example(make_index, labels, prompts, held_out) -> None:
    valid = LegacySplitter().split(make_index(list(labels), list(map(int, prompts))))
    assert np.flatnonzero(valid).tolist() == held_out
