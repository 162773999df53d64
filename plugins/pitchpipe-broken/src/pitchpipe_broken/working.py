"""Works, and must go on working whatever its neighbours do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Splitter

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class EveryOtherSplitter(Splitter):
    """Holds out every other record."""

    def split(self, index: pd.DataFrame) -> pd.Series:
        """True for the second record, the fourth, and so on."""
        import pandas as pd

        return pd.Series(np.arange(len(index)) % 2 == 1, index.index)


@hookimpl
def register_splitters(register: Register[type[Splitter]]) -> None:
    """Offers it."""
    register("every-other", EveryOtherSplitter)
