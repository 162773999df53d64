"""What holds for every splitter that comes with Pitchpipe."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pitchpipe.default_plugins.splitters import (
    GroupSplitter,
    RandomSplitter,
    StratifiedSplitter,
)
from pitchpipe.errors import ConfigError, DataError
from pitchpipe.plugins import PluginHost
from pitchpipe.stages import Splitter

SPLITTERS = [RandomSplitter, StratifiedSplitter, GroupSplitter]

rows = st.lists(
    st.tuples(
        st.sampled_from(["pos", "neg", "odd", None]),
        st.integers(0, 25),
        st.sampled_from(["a", "b", "c", "d", "e", None]),
    ),
    min_size=1,
    max_size=60,
)


@pytest.fixture(params=SPLITTERS, ids=lambda cls: cls.__name__)
def splitter(request: pytest.FixtureRequest) -> type[Splitter]:
    cls: type[Splitter] = request.param
    return cls


def test_they_are_registered() -> None:
    names = PluginHost(entry_points=False).splitters.names()
    assert names == ["group", "legacy", "random", "stratified"]


@pytest.mark.parametrize("cls", SPLITTERS)
@given(rows=rows, together=st.booleans(), fraction=st.none() | st.floats(0, 0.99))
def test_one_answer_a_row_the_same_each_time_and_something_to_train_on(
    cls: type[RandomSplitter], rows, together, fraction, make_index
) -> None:
    labels, prompts, groups = zip(*rows, strict=True)
    index = make_index(labels, prompts, groups)
    stage = cls(valid_fraction=fraction, keep_prompts_together=together)
    before = index.copy()
    try:
        valid = stage.split(index)
    except DataError:
        assert cls is GroupSplitter
        assume(False)
    assert valid.dtype == bool
    assert valid.index.equals(index.index)
    assert not valid.all()
    pd.testing.assert_series_equal(valid, stage.split(index.copy()))
    pd.testing.assert_frame_equal(index, before)
    if together:
        assert (valid.groupby(index["prompt"]).nunique() == 1).all()


@pytest.mark.parametrize("cls", [RandomSplitter, StratifiedSplitter])
def test_prompts_may_be_parted_on_request(cls: type[RandomSplitter], make_index) -> None:
    index = make_index(["a", "b"] * 50, [7] * 100)
    assert cls(keep_prompts_together=False).split(index).sum() == 20


def test_nothing_is_held_out_of_one_row_or_by_a_fraction_of_zero(splitter, make_index) -> None:
    assert not splitter().split(make_index(["a"], groups=["g"])).any()
    many = make_index(["a", "b"] * 20, groups=list(range(40)))
    assert not splitter(valid_fraction=0.0).split(many).any()


def test_no_rows_give_no_answers(splitter, make_index) -> None:
    assert splitter().split(make_index([])).empty


def test_a_fraction_counts(splitter, make_index) -> None:
    index = make_index(["a", "b"] * 50, groups=list(range(100)))
    assert splitter(valid_fraction=0.3).split(index).sum() == 30


def test_another_seed_holds_out_others(splitter, make_index) -> None:
    index = make_index(["a", "b"] * 50, groups=list(range(100)))
    assert not splitter(seed=1).split(index).equals(splitter(seed=2).split(index))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"valid_fraction": 1.0}, "valid_fraction must be from 0 up to 1"),
        ({"valid_fraction": -0.1}, "valid_fraction must be from 0 up to 1"),
        ({"seed": -1}, "seed must be from 0"),
    ],
)
def test_options_out_of_range_are_named(options, message) -> None:
    host = PluginHost(entry_points=False)
    for name in ("group", "random", "stratified"):
        with pytest.raises(ConfigError, match=message):
            host.splitters.create(name, options)
