"""The splitter: which records are held out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pitchpipe.stages.capabilities import SplitterCapabilities


class Splitter(ABC):
    """Decides which records are held out.

    Promises: one answer a row, the same for the same index; nothing is lost or doubled.
    """

    @property
    def capabilities(self) -> SplitterCapabilities:
        """Which promises it can keep; by default all."""
        return SplitterCapabilities()

    def order(self, rows: int) -> npt.NDArray[np.integer[Any]] | None:
        """The positions of all rows in the order in which training records are written.

        None, the default, keeps that of the table.
        """
        del rows
        return None

    @abstractmethod
    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        """Which rows are for validation.

        Args:
            index: one row a record under its row number, with the columns ``label`` (str or None),
                ``group`` (a hashable or None) and ``prompt`` (unsigned 64-bit hash: equal prompts,
                equal hashes).

        Returns:
            True for validation, under the same index.
        """
