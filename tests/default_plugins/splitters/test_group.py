from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pitchpipe.default_plugins.splitters import GroupSplitter
from pitchpipe.errors import DataError


@given(st.lists(st.integers(1, 30), min_size=2, max_size=9), st.floats(0.05, 0.9))
def test_no_choice_of_groups_comes_nearer_to_the_rule(make_index, sizes, fraction) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    wanted = min(len(groups) - 1, round(len(groups) * fraction))
    assume(wanted)
    valid = GroupSplitter(valid_fraction=fraction).split(
        make_index(["x"] * len(groups), None, groups)
    )
    sides = product([0, 1], repeat=len(sizes))
    totals = [int(np.dot(side, sizes)) for side in sides if 0 < sum(side) < len(sizes)]
    assert abs(valid.sum() - wanted) == min(abs(total - wanted) for total in totals)


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "c", "d", 5, None]), st.integers(0, 40)),
        min_size=2,
        max_size=50,
    ),
    st.booleans(),
)
def test_no_group_and_no_prompt_is_on_both_sides(make_index, rows, together) -> None:
    groups, prompts = zip(*rows, strict=True)
    index = make_index(["x"] * len(rows), prompts, groups)
    try:
        valid = GroupSplitter(keep_prompts_together=together).split(index)
    except DataError:
        assume(False)
    assert 0 < valid.sum() < len(rows)
    assert (valid.groupby(index["group"]).nunique() == 1).all()
    if together:
        assert (valid.groupby(index["prompt"]).nunique() == 1).all()


def test_rows_without_a_group_are_groups_of_their_own(make_index) -> None:
    groups = ["big"] * 50 + [None] * 50
    valid = GroupSplitter().split(make_index(["x"] * 100, None, groups))
    assert valid.sum() == 20
    assert not valid[:50].any()


def test_no_group_at_all_is_an_error(make_index) -> None:
    with pytest.raises(DataError, match="no row has a group"):
        GroupSplitter().split(make_index(["x"] * 10))


def test_one_group_is_an_error(make_index) -> None:
    with pytest.raises(DataError, match="all rows belong to one group"):
        GroupSplitter().split(make_index(["x"] * 10, None, ["g"] * 10))


def test_groups_chained_by_prompts_are_one_unless_told_otherwise(make_index) -> None:
    prompts = [0, 1, 1, 2, 2, 3]
    index = make_index(["x"] * 6, prompts, ["a", "a", "b", "b", "c", "c"])
    with pytest.raises(DataError, match="keep_prompts_together"):
        GroupSplitter().split(index)
    assert GroupSplitter(keep_prompts_together=False).split(index).sum() == 2
