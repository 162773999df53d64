"""Rows held out by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.splitters._sizes import (
    answer,
    check_options,
    codes,
    drawn,
    has_repeats,
    train_size,
)
from pitchpipe.stages import Splitter, SplitterCapabilities


@dataclass(frozen=True)
class RandomSplitter(Splitter):
    """Trains on the rows that ``DataFrame.sample(n_train, random_state=seed)`` takes.

    Where a prompt comes more than once, prompts are drawn in the order in which their first row
    is, each with all its rows, and training ends where its size is nearest to the rule.

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
        wanted = train_size(rows, self.valid_fraction)
        order = drawn(rows, self.seed)
        valid = np.ones(rows, dtype=bool)
        if not (self.keep_prompts_together and has_repeats(index["prompt"].to_numpy())):
            valid[order[:wanted]] = False
            return answer(index, valid)

        unit, first = np.unique(codes(index["prompt"])[order], return_index=True)
        turn = np.empty_like(unit)
        turn[np.argsort(first)] = np.arange(len(unit))
        turns = turn[codes(index["prompt"])]
        reached = np.cumsum(np.bincount(turns))
        last = int(np.argmin(np.abs(reached - wanted)))
        return answer(index, turns > last)
