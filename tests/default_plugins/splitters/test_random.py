from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.default_plugins.splitters import RandomSplitter


@pytest.mark.parametrize("rows", [2, 5, 10, 11, 333, 4999, 5001, 12_000])
@pytest.mark.parametrize("together", [True, False])
def test_it_trains_on_the_rows_that_pandas_samples(rows: int, together: bool, make_index) -> None:
    index = make_index(["x"] * rows)
    size = max(rows - 1000, int(0.8 * rows))
    sampled = pd.DataFrame({"n": range(rows)}).sample(size, random_state=42)["n"]
    valid = RandomSplitter(keep_prompts_together=together).split(index)
    assert set(np.flatnonzero(~valid.to_numpy())) == set(sampled)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=100), st.integers(0, 3))
def test_repeated_prompts_cost_at_most_half_of_the_largest_one(make_index, prompts, seed) -> None:
    rows = len(prompts)
    valid = RandomSplitter(seed=seed).split(make_index(["x"] * rows, prompts))
    wanted = rows - max(1, int(0.8 * rows))
    assert abs(valid.sum() - wanted) <= np.bincount(prompts).max() / 2


def test_repeated_prompts_are_held_out_as_often_as_others(make_index) -> None:
    prompts = np.repeat(np.arange(2000), 2)
    valid = RandomSplitter().split(make_index(["x"] * 4000, prompts))
    assert valid.sum() == 800


def test_one_prompt_throughout_is_trained_on(make_index) -> None:
    assert not RandomSplitter().split(make_index(["x"] * 20, [5] * 20)).any()
