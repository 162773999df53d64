"""What a splitter promises."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pitchpipe.stages import Splitter
from pitchpipe.testing.conformance.chunks import chunks, same
from pitchpipe.testing.conformance.promises import Promises, copied, expect
from pitchpipe.testing.conformance.subject import Subject

promise = Promises(Splitter, share=0.25, refusals=True)

_ROWS = st.fixed_dictionaries(
    {
        "label": st.sampled_from(["yes", "no", "odd", None]),
        "group": st.sampled_from(["a", "b", "c", "d", "e", None]),
        "prompt": st.integers(0, 25),
    }
)


def _indexes(subject: Subject) -> SearchStrategy[pd.DataFrame]:
    rows = _ROWS if subject.rows is None else subject.rows
    return chunks(rows, most=40).map(lambda index: index.astype({"prompt": np.uint64}))


def _sizes(subject: Subject) -> SearchStrategy[int]:
    del subject
    return st.integers(0, 200)


@promise("every-row-answered", "one boolean answer a row, under the same index", _indexes)
def _(subject: Subject, index: pd.DataFrame) -> None:
    valid = subject.stage.split(index)
    expect(isinstance(valid, pd.Series), "a Series", valid)
    expect(valid.dtype == bool, "booleans", valid)
    expect(valid.index.equals(index.index), f"answers for the rows {list(index.index)}", valid)


@promise("index-unchanged", "the index given is not changed", _indexes)
def _(subject: Subject, index: pd.DataFrame) -> None:
    before = copied(index)
    subject.stage.split(index)
    expect(same(index, before), "the index as it was", index)


@promise("deterministic", "the same index gives the same answer", _indexes, flag="deterministic")
def _(subject: Subject, index: pd.DataFrame) -> None:
    first, again = subject.stage.split(copied(index)), subject.stage.split(copied(index))
    expect(first.equals(again), f"as at first {first.tolist()}", again.tolist())


@promise("groups-together", "rows of one group are on one side", _indexes, flag="keeps_groups")
def _(subject: Subject, index: pd.DataFrame) -> None:
    _together(subject.stage.split(index), index, "group")


@promise(
    "prompts-together", "rows with the same prompt are on one side", _indexes, flag="keeps_prompts"
)
def _(subject: Subject, index: pd.DataFrame) -> None:
    _together(subject.stage.split(index), index, "prompt")


@promise("some-to-train", "some rows are left to train on", _indexes, flag="leaves_training")
def _(subject: Subject, index: pd.DataFrame) -> None:
    valid = subject.stage.split(index)
    expect(not valid.all(), "a row that is not held out", valid)


@promise("no-rows", "no rows give no answers", _indexes)
def _(subject: Subject, index: pd.DataFrame) -> None:
    valid = subject.stage.split(index.iloc[:0])
    expect(len(valid) == 0, "no answers", valid)


@promise(
    "order-is-permutation", "the order has every position once, and is always the same", _sizes
)
def _(subject: Subject, rows: int) -> None:
    order = subject.stage.order(rows)
    if order is None:
        return
    expect(sorted(order) == list(range(rows)), f"each of the positions below {rows} once", order)
    again = subject.stage.order(rows)
    expect(np.array_equal(order, again), f"as at first {order}", again)


def _together(valid: pd.Series[bool], index: pd.DataFrame, column: str) -> None:
    sides = valid.groupby(index[column]).nunique()  # rows without a group are not looked at
    parted = sides[sides > 1].index.tolist()
    if parted:
        rows = index.assign(valid=valid)[index[column] == parted[0]]
        expect(False, f"one side for {column} {parted[0]!r}", rows)
