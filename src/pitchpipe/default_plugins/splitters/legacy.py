"""Rows held out as the openai package held them out, with its two faults mended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.splitters._sizes import (
    Bools,
    Ints,
    Keys,
    answer,
    codes,
    drawn,
    train_size,
)
from pitchpipe.stages import Splitter, SplitterCapabilities

SEED = 42

_MIX = np.uint64(0x9E3779B97F4A7C15)
_SOME = 1 << 16


@dataclass(frozen=True)
class LegacySplitter(Splitter):
    """Trains on the rows that ``prepare_data`` of the openai package 0.27.8 drew, in their order.

    Answers that are no labels are not split, as there. Records that are alike stay on one side,
    that of most of them, in doubt that of training. A class that is on one side only, though not
    all its records are alike, has one moved to the other, with those that are like it: of those
    with fewest like them the last one drawn, or, where all were held out, the first.
    """

    capabilities = SplitterCapabilities(keeps_groups=False, keeps_prompts=False)

    def order(self, rows: int) -> Ints:
        """The rows in the order in which they are drawn."""
        return drawn(rows, SEED)

    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        """Which rows are for validation."""
        rows = len(index)
        valid = np.zeros(rows, dtype=np.bool_)
        if rows < 2 or index["label"].isna().all():
            return answer(index, valid)
        order = drawn(rows, SEED)
        valid[order[train_size(rows, None) :]] = True
        labels = codes(index["label"])
        records = index["prompt"].to_numpy(np.uint64) * _MIX
        records ^= labels.astype(np.uint64)
        _gather(records, valid)
        _spread(records, labels, valid, order)
        return answer(index, valid)


def _gather(records: Keys, valid: Bools) -> None:
    """Puts records that are alike on one side; ``valid`` is changed in place."""
    alike = np.fromiter(_like(records, np.unique(records[valid])), dtype=np.int64)
    unit = np.unique(records[alike], return_inverse=True)[1]
    held_out = 2 * np.bincount(unit, weights=valid[alike]) > np.bincount(unit)
    valid[alike] = held_out[unit]


def _like(records: Keys, some: Keys) -> Iterator[int]:
    """The positions of the records that are among some, which are ascending."""
    for start in range(0, len(records), _SOME):
        block = records[start : start + _SOME]
        at = np.minimum(np.searchsorted(some, block), len(some) - 1)
        yield from (start + np.flatnonzero(some[at] == block)).tolist()


def _spread(records: Keys, labels: Ints, valid: Bools, order: Ints) -> None:
    """Moves a record of every class that is on one side only; ``valid`` is changed in place."""
    total = np.bincount(labels)
    held_out = np.bincount(labels[valid], minlength=len(total))
    one_sided = (total > 1) & ((held_out == 0) | (held_out == total))
    at = np.flatnonzero(one_sided[labels])
    _, first, unit, size = np.unique(
        records[at], return_index=True, return_inverse=True, return_counts=True
    )
    label = labels[at[first]]
    turns = np.empty_like(order)
    turns[order] = np.arange(len(order), dtype=order.dtype)
    turn = np.where(valid[at], turns[at], -turns[at])
    # units by class, the one to be moved first
    turn_of = np.full(len(size), len(order), dtype=np.int64)
    np.minimum.at(turn_of, unit, turn)
    queue = np.lexsort((turn_of, size, label))
    queue = queue[np.flatnonzero(np.diff(label[queue], prepend=-1))]
    moved = queue[np.bincount(label)[label[queue]] > 1]
    here = at[np.isin(unit, moved)]
    valid[here] = ~valid[here]
