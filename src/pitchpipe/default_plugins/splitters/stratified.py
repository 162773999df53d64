"""Rows held out so that every class is on both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.splitters._sizes import (
    Bools,
    Ints,
    answer,
    check_options,
    codes,
    drawn,
    has_repeats,
    train_size,
)
from pitchpipe.stages import Splitter, SplitterCapabilities

_SOME = 1 << 16


@dataclass(frozen=True)
class StratifiedSplitter(Splitter):
    """Holds out the same share of every class, by the label.

    Every class with two or more records is on both sides, a class of one is trained on, and each
    class's share is within one record of exact. Over all, as many rows are held out as by
    ``random``, or the nearest number that these promises leave.

    A prompt that comes more than once stays on one side with all its rows, so shares are exact only
    to the size of such a prompt, and a class whose records all have one prompt is on one side. A
    prompt with conflicting labels is drawn with its most frequent label.

    Attributes:
        valid_fraction: share of the rows to hold out; None holds out a fifth, at most a thousand.
        seed: of the drawing.
        keep_prompts_together: whether rows with the same prompt stay on one side.
    """

    valid_fraction: float | None = None
    seed: int = 42
    keep_prompts_together: bool = True

    def __post_init__(self) -> None:
        """Holds the options to their ranges."""
        check_options(self.valid_fraction, self.seed)

    @property
    def capabilities(self) -> SplitterCapabilities:
        """What of it the options ask for."""
        return SplitterCapabilities(keeps_groups=False, keeps_prompts=self.keep_prompts_together)

    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        """Which rows are for validation."""
        rows = len(index)
        held_out = rows - train_size(rows, self.valid_fraction)
        if not held_out:
            return answer(index, np.zeros(rows, dtype=bool))
        labels = codes(index["label"])
        quotas = _quotas(_sizes(labels), held_out)
        if not (self.keep_prompts_together and has_repeats(index["prompt"].to_numpy())):
            return answer(index, _fill_alone(labels, quotas, drawn(rows, self.seed)))
        units = codes(index["prompt"])
        valid = _fill(labels.astype(np.int64), units, quotas, drawn(rows, self.seed))
        return answer(index, valid[units])


def _sizes(labels: Ints) -> Ints:
    """How many records each class has; some at a time, since counting takes eight bytes each."""
    sizes = np.zeros(int(labels.max()) + 1, dtype=np.int64)
    for start in range(0, len(labels), _SOME):
        sizes += np.bincount(labels[start : start + _SOME], minlength=len(sizes))
    return sizes


def _quotas(sizes: Ints, held_out: int) -> Ints:
    """How many records of each class to hold out, by largest remainder within the promises."""
    exact = sizes * (held_out / sizes.sum())
    low = np.where(sizes > 1, np.maximum(np.floor(exact), 1), 0).astype(np.int64)
    high = np.maximum(low, np.minimum(np.ceil(exact), sizes - 1)).astype(np.int64)
    order = np.argsort(low - exact, kind="stable")
    takers = order[(high > low)[order]]
    low[takers[: max(0, held_out - int(low.sum()))]] += 1
    return low


def _fill_alone(labels: Ints, quotas: Ints, order: Ints) -> Bools:
    """Which rows to hold out when each may go by itself: of every class the first to be drawn."""
    valid = np.zeros(len(labels), dtype=bool)
    left = quotas.copy()
    for start in range(0, len(order), _SOME):
        rows = order[start : start + _SOME]
        rows = rows[np.argsort(labels[rows], kind="stable")]
        classes = labels[rows]
        turn = np.arange(len(rows)) - np.searchsorted(classes, classes)
        taken = turn < left[classes]
        valid[rows[taken]] = True
        left -= np.bincount(classes[taken], minlength=len(left))
        if not left.any():
            break
    return valid


def _fill(labels: Ints, units: Ints, quotas: Ints, order: Ints) -> Bools:
    """Which units to hold out.

    Args:
        labels: each row's class.
        units: each row's unit, whose rows stay together.
        quotas: rows to hold out of each class.
        order: the rows in the order of the drawing.
    """
    size = np.bincount(units)
    pairs, counts = np.unique(units * len(quotas) + labels, return_counts=True)
    unit, label = np.divmod(pairs, len(quotas))
    by_count = np.lexsort((label, -counts, unit))
    main = label[by_count[np.flatnonzero(np.diff(unit[by_count], prepend=-1))]]

    turn = np.empty(len(size), dtype=np.int64)
    turn[units[order[::-1]]] = np.arange(len(order))[::-1]
    queue = np.lexsort((turn, main))
    lengths = np.bincount(main)
    lengths = lengths[lengths > 0]
    starts = np.cumsum(lengths) - lengths
    before = np.cumsum(size[queue]) - size[queue]
    before -= np.repeat(before[starts], lengths)

    quota = quotas[main[queue]]
    taken = before + size[queue] / 2 <= quota
    got = np.add.reduceat(taken, starts, dtype=np.int64)
    taken[(starts + lengths - 1)[got == lengths]] = False
    valid = np.zeros(len(size), dtype=bool)
    valid[queue[taken]] = True
    smallest = np.lexsort((turn, size, main))[starts]
    valid[smallest[(got == 0) & (quota[starts] > 0) & (lengths > 1)]] = True
    if len(pairs) > len(size):
        _settle(unit, label, valid)
    return valid


def _settle(unit: Ints, label: Ints, valid: Bools) -> None:
    """Moves prompts of conflicting labels until no single move puts one more class on both sides.

    Args:
        unit: the units, ascending, once for each class that they hold.
        label: that class.
        valid: which units are held out; changed in place.
    """
    by_label = np.argsort(label, kind="stable")
    ends = np.cumsum(np.bincount(label))
    count = np.zeros((2, len(ends)), dtype=np.int64)
    np.add.at(count, (valid[unit].astype(np.int64), label), 1)
    moved = True
    while moved:
        moved = False
        lonely = np.flatnonzero((count.sum(axis=0) > 1) & (count.min(axis=0) == 0))
        for one in lonely.tolist():
            for at in unit[by_label[ends[one - 1] if one else 0 : ends[one]]].tolist():
                side = int(valid[at])
                held = label[np.searchsorted(unit, at) : np.searchsorted(unit, at, "right")]
                if count[1 - side, one] == 0 and (count[side, held] > 1).all():
                    valid[at] = not valid[at]
                    count[side, held] -= 1
                    count[1 - side, held] += 1
                    moved = True
