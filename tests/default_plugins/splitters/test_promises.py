"""What holds for every splitter that comes with Pitchpipe."""

from __future__ import annotations

import pytest

from pitchpipe.default_plugins.splitters import (
    GroupSplitter,
    RandomSplitter,
    StratifiedSplitter,
)
from pitchpipe.errors import ConfigError
from pitchpipe.plugins import PluginHost
from pitchpipe.stages import Splitter

SPLITTERS = [RandomSplitter, StratifiedSplitter, GroupSplitter]


@pytest.fixture(params=SPLITTERS, ids=lambda cls: cls.__name__)
def splitter(request: pytest.FixtureRequest) -> type[Splitter]:
    cls: type[Splitter] = request.param
    return cls


def test_they_are_registered() -> None:
    names = PluginHost(entry_points=False).splitters.names()
    assert names == ["group", "legacy", "random", "stratified"]


@pytest.mark.parametrize("cls", [RandomSplitter, StratifiedSplitter])
def test_prompts_may_be_parted_on_request(cls: type[RandomSplitter], make_index) -> None:
    index = make_index(["a", "b"] * 50, [7] * 100)
    assert cls(keep_prompts_together=False).split(index).sum() == 20


def test_nothing_is_held_out_of_one_row_or_by_a_fraction_of_zero(splitter, make_index) -> None:
    assert not splitter().split(make_index(["a"], groups=["g"])).any()
    many = make_index(["a", "b"] * 20, groups=list(range(40)))
    assert not splitter(valid_fraction=0.0).split(many).any()


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
