from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

MakeIndex = Callable[..., pd.DataFrame]


@pytest.fixture(scope="session")
def make_index() -> MakeIndex:
    """Builds what a splitter sees; row numbers have gaps, as after dropped rows."""

    def make(
        labels: Sequence[str | None],
        prompts: Sequence[int] | None = None,
        groups: Sequence[object] | None = None,
    ) -> pd.DataFrame:
        rows = len(labels)
        return pd.DataFrame(
            {
                "label": pd.Series(list(labels), dtype=object),
                "group": pd.Series([None] * rows if groups is None else list(groups), dtype=object),
                "prompt": np.arange(rows, dtype=np.uint64)
                if prompts is None
                else np.array(prompts, dtype=np.uint64),
            }
        ).set_axis(pd.Index(np.arange(rows) * 3 + 2, name="line"), axis=0)

    return make
