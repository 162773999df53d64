"""How many rows are held out, and in which order rows are drawn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]
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
    order: Ints = pd.Series(np.arange(rows)).sample(rows, random_state=seed).to_numpy(np.int64)
    return order


def codes(column: pd.Series) -> Ints:
    """Equal values as equal numbers, counted from 0 in order of appearance; None is a value."""
    return pd.factorize(column, use_na_sentinel=False)[0].astype(np.int64)


def answer(index: pd.DataFrame, valid: Bools) -> pd.Series[bool]:
    """Which rows are held out, under the index's row numbers."""
    return pd.Series(valid, index=index.index, name="valid", dtype=bool)
