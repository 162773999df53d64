"""Groups held out whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.splitters._sizes import (
    Ints,
    answer,
    check_options,
    codes,
    drawn,
    train_size,
)
from pitchpipe.errors import DataError
from pitchpipe.stages import Splitter, SplitterCapabilities


@dataclass(frozen=True)
class GroupSplitter(Splitter):
    """Keeps every group on one side, and holds out as near the wanted number of rows as they allow.

    A row without a group is a group of its own. Groups that share a prompt count as one.

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
        return SplitterCapabilities(keeps_prompts=self.keep_prompts_together)

    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        """Which rows are for validation.

        Raises:
            DataError: no row has a group, or all rows are in one.
        """
        rows = len(index)
        held_out = rows - train_size(rows, self.valid_fraction)
        if not held_out:
            return answer(index, np.zeros(rows, dtype=bool))
        units = _groups(index["group"])
        if self.keep_prompts_together:
            units = _joined(units, codes(index["prompt"]))
        sizes = np.bincount(units)
        if len(sizes) < 2:
            raise DataError(
                "splitter 'group': all rows belong to one group, so none can be held out; group "
                "by another column, use another splitter, or, if groups are one only because they "
                "share prompts, set keep_prompts_together to false."
            )
        chosen = _nearest(sizes, drawn(len(sizes), self.seed), held_out)
        return answer(index, np.isin(units, chosen))


def _groups(column: pd.Series) -> Ints:
    alone = column.isna().to_numpy()
    if alone.all():
        raise DataError(
            "splitter 'group': no row has a group; name the column that holds the groups, or use "
            "another splitter."
        )
    units = codes(column)
    units[alone] = units.max() + 1 + np.arange(alone.sum())
    return codes(pd.Series(units))


def _joined(groups: Ints, prompts: Ints) -> Ints:
    """Groups as one where they share a prompt, directly or through others."""
    parent = np.arange(groups.max() + 1).tolist()

    def root(group: int) -> int:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    first = np.zeros(prompts.max() + 1, dtype=np.int64)
    first[prompts[::-1]] = groups[::-1]
    other = first[prompts]
    apart = groups != other
    for a, b in zip(groups[apart].tolist(), other[apart].tolist(), strict=True):
        parent[root(a)] = root(b)
    roots = np.array([root(group) for group in range(len(parent))], dtype=np.int64)
    return codes(pd.Series(roots[groups]))


def _nearest(sizes: Ints, order: Ints, wanted: int) -> list[int]:
    """Some of the groups, but not all, whose sizes add up to as near ``wanted`` as can be.

    Groups are taken in the order given while they fit. Where that misses the mark, every sum that
    the sizes can make is worked out, as bits of one number; of two sums as near as each other the
    smaller is made.
    """
    chosen: list[int] = []
    room = wanted
    for group, size in zip(order.tolist(), sizes[order].tolist(), strict=True):
        if size <= room:
            chosen.append(group)
            room -= size
            if not room:
                return chosen

    limit = max(2 * wanted, int(sizes.min()))
    by_size: dict[int, list[int]] = {}
    for group, size in zip(order.tolist(), sizes[order].tolist(), strict=True):
        if size <= limit:
            by_size.setdefault(size, []).append(group)
    bundles = [(size, count) for size in by_size for count in _halves(len(by_size[size]))]
    sums = [1]
    for size, count in bundles:
        reach = sums[-1]
        sums.append((reach | reach << size * count) & ((1 << limit + 1) - 1))
    packed = np.frombuffer(sums[-1].to_bytes(limit // 8 + 1, "little"), dtype=np.uint8)
    reached = np.flatnonzero(np.unpackbits(packed, bitorder="little"))
    reached = reached[(reached > 0) & (reached < sizes.sum())]
    best = int(reached[np.argmin(np.abs(reached - wanted))])
    chosen = []
    for (size, count), below in zip(reversed(bundles), reversed(sums[:-1]), strict=True):
        if not below >> best & 1:
            chosen += [by_size[size].pop() for _ in range(count)]
            best -= size * count
    return chosen


def _halves(count: int) -> Iterator[int]:
    """Numbers whose sums are all the numbers up to ``count``."""
    part = 1
    while count:
        yield min(part, count)
        count -= min(part, count)
        part *= 2
