"""How many rows are held out, and in which order rows are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pitchpipe.digests import repeated

Ints = npt.NDArray[np.integer[Any]]
Keys = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]


def check_options(valid_fraction: float | None, seed: int) -> None:
    """Holds a splitter's options to their ranges.

    Raises:
        ValueError: one is outside.
    """
    if valid_fraction is not None and not 0 <= valid_fraction < 1:
        raise ValueError(f"valid_fraction must be from 0 up to 1; found {valid_fraction}.")
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must be from 0 to {2**32 - 1}; found {seed}.")


def train_size(rows: int, valid_fraction: float | None) -> int:
    """How many of the rows are trained on: at least one, where there is one.

    Without a fraction it is ``max(rows - 1000, int(0.8 * rows))``: a fifth is held out, but no
    more than a thousand.
    """
    if valid_fraction is None:
        size = max(rows - 1000, int(0.8 * rows))
    else:
        size = rows - round(rows * valid_fraction)
    return min(rows, max(1, size))


def drawn(rows: int, seed: int) -> Ints:
    """All positions in the order in which ``DataFrame.sample(random_state=seed)`` takes them.

    A smaller sample of the same seed is a beginning of it.
    """
    small = np.int32 if rows < 2**31 else np.int64
    order: Ints = np.arange(rows, dtype=small)
    np.random.RandomState(seed).shuffle(order)
    return order


def has_repeats(values: Keys) -> bool:
    """Whether any value comes more than once."""
    return len(repeated([values])) > 0


def codes(column: pd.Series) -> Ints:
    """Equal values as equal numbers from 0 on; None is a value."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        known: Ints = column.cat.codes.to_numpy()
        return known + known.dtype.type(1)
    return pd.factorize(column, use_na_sentinel=False)[0].astype(np.int64)


def answer(index: pd.DataFrame, valid: Bools) -> pd.Series[bool]:
    """Which rows are held out, under the index's row numbers."""
    return pd.Series(valid, index=index.index, name="valid", dtype=bool)
