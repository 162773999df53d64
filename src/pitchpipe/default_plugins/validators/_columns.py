"""The columns of a table, in order, though each chunk may have others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

Place = tuple[int, int]
"""The number of a row, and where in that row's chunk a column stands."""


@dataclass(frozen=True)
class Columns:
    """The columns of some rows.

    Attributes:
        rows: how many rows.
        first: where each column is first found.
    """

    rows: int = 0
    first: Mapping[str, Place] = field(default_factory=dict)

    @classmethod
    def of(cls, chunk: pd.DataFrame) -> Columns:
        """Those of a chunk."""
        if not len(chunk):
            return cls()
        line = int(chunk.index[0])
        names = map(str, chunk.columns)
        return cls(len(chunk), {name: (line, at) for at, name in enumerate(names)})

    def __add__(self, other: Columns) -> Columns:
        first = dict(self.first)
        for name, place in other.first.items():
            first[name] = min(place, first.get(name, place))
        return Columns(self.rows + other.rows, first)

    @property
    def names(self) -> list[str]:
        """Their names, in the order in which they first come."""
        return sorted(self.first, key=self.first.__getitem__)

    def meant(self, role: str) -> str | None:
        """The column that is meant by a name in lower case: that one, or the first so spelt."""
        if role in self.first:
            return role
        return next((name for name in self.names if name.lower() == role), None)
