from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe import PluginHost
from pitchpipe.errors import DataError
from pitchpipe.sweep.subsets import SharedSplit, SharingSplitter, nested_order

LABELS = st.lists(st.sampled_from(["a", "b", "c", "d", None]), max_size=60)
SEEDS = st.integers(0, 2**31 - 1)


@given(LABELS, SEEDS)
def test_every_beginning_holds_each_label_in_its_share(labels: list[str | None], seed: int) -> None:
    order = list(nested_order(labels, seed))
    assert sorted(order) == list(range(len(labels))), "every position, once"
    shares = Counter(labels)
    for size in range(len(labels) + 1):
        found = Counter(labels[position] for position in order[:size])
        for label, count in shares.items():
            whole, rest = divmod(size * count, len(labels))
            assert whole <= found[label] <= whole + bool(rest)


@given(LABELS, SEEDS)
def test_the_same_seed_draws_the_same(labels: list[str | None], seed: int) -> None:
    assert list(nested_order(labels, seed)) == list(nested_order(labels, seed))


def test_another_seed_draws_others() -> None:
    drawn = {tuple(islice(nested_order(["a"] * 50, seed), 10)) for seed in range(5)}
    assert len(drawn) == 5


def _index(lines: range | list[int]) -> pd.DataFrame:
    rows = len(lines)
    return pd.DataFrame(
        {
            "label": pd.Categorical(["pos", "neg"] * (rows // 2)),
            "group": None,
            "prompt": np.arange(rows, dtype=np.uint64),
        },
        index=pd.Index(lines, name="line"),
    )


def _shared(model: str, shared: SharedSplit, **options: Any) -> SharingSplitter:
    splitter = PluginHost(entry_points=False).splitters.create("random", options)
    return SharingSplitter(shared, splitter, model)


def test_the_second_model_gets_the_split_of_the_first() -> None:
    shared = SharedSplit(seed=1, most=6)
    first = _shared("one", shared, seed=1)
    second = _shared("two", shared, seed=2)
    index = _index(range(2, 22))
    valid = first.split(index)
    assert valid.sum() == 4
    assert second.split(index).equals(valid)
    order = second.order(20)
    assert sorted(order) == list(range(20))
    assert not valid.to_numpy()[order[:16]].any(), "what is trained on comes first"
    assert (first.order(20) == order).all()


def test_a_model_with_other_rows_is_named_with_the_first_of_them() -> None:
    shared = SharedSplit(seed=1, most=6)
    _shared("one", shared).split(_index(range(2, 22)))
    with pytest.raises(DataError, match=r"'two' is left with 18 rows .* 'one' with 20.* line 7\."):
        _shared("two", shared).split(_index([n for n in range(2, 22) if n not in (7, 9)]))
