from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def frame() -> Callable[..., pd.DataFrame]:
    """Builds a chunk from columns; rows are numbered from 2 on, as below a header."""

    def make(unit: str = "line", **columns: Sequence[Any]) -> pd.DataFrame:
        rows = len(next(iter(columns.values())))
        index = pd.RangeIndex(2, 2 + rows, name=unit)
        made = {
            name: pd.Series(list(cells), index=index, dtype=object)
            for name, cells in columns.items()
        }
        return pd.DataFrame(made, index=index)

    return make


@pytest.fixture(scope="session")
def records() -> Callable[[pd.DataFrame], list[dict[str, Any]]]:
    """The JSON objects that a formatted chunk stands for."""

    def read(chunk: pd.DataFrame) -> list[dict[str, Any]]:
        return [
            {str(key): value for key, value in row.items() if value is not None}
            for row in chunk.to_dict("records")
        ]

    return read


@pytest.fixture(scope="session")
def talk() -> Callable[..., list[dict[str, Any]]]:
    """Messages that take turns, the user first."""

    def make(*texts: str | None) -> list[dict[str, Any]]:
        return [
            {"role": ("user", "assistant")[at % 2], "content": text}
            for at, text in enumerate(texts)
        ]

    return make
