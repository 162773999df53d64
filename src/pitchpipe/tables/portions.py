"""Records in portions that bound the memory of a chunk, whatever the records look like."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeVar

from pitchpipe.tables.limits import MAX_CHUNK_CELLS, MAX_CHUNK_TEXT

T = TypeVar("T")


class Metered(Iterator[str]):
    """Lines, with a count of the characters that were taken.

    Attributes:
        taken: how many since it was last set to zero.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.taken = 0
        self._lines = iter(lines)

    def __next__(self) -> str:
        line = next(self._lines)
        self.taken += len(line)
        return line


def portions(
    records: Iterable[T],
    size: int,
    keys: Callable[[T], Collection[str]],
    meter: Metered | None = None,
) -> Iterator[list[T]]:
    """Consecutive records, from 1 to ``size`` at a time.

    A portion ends early where a table of it would have too many cells, most of them empty: records
    with ever new keys come in ever new tables, whose cells are in proportion to the records.

    Args:
        records: the records.
        size: the most of a portion.
        keys: the columns of a record.
        meter: counts the text that they are read from; None where it is in memory already.
    """
    part: list[T] = []
    seen: set[str] = set()
    for record in records:
        own = keys(record)
        seen.update(own)
        if part and len(seen) * (len(part) + 1) > MAX_CHUNK_CELLS:
            yield part
            part, seen = [], set(own)
        part.append(record)
        if len(part) >= size or (meter and meter.taken > MAX_CHUNK_TEXT):
            yield part
            part, seen = [], set()
            if meter:
                meter.taken = 0
    if part:
        yield part


def rows_within(size: int, width: int) -> int:
    """How many rows of so many columns make a portion, at most ``size``."""
    return max(1, min(size, MAX_CHUNK_CELLS // max(1, width)))
