"""Work on chunks in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pitchpipe.stages import Engine, Item, Result


@dataclass(frozen=True)
class LocalEngine(Engine):
    """Works on one chunk after the other."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """``function`` of every item."""
        return map(function, items)
