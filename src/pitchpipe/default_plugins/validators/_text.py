"""The words of a chunk, made once for all validators that look at it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pandas as pd

from pitchpipe.default_plugins.validators._fields import cells

T = TypeVar("T")

END = "\0"
"""What stands between the cells of a joined column."""


class ChunkText:
    """The text of one chunk, by column. Whatever is asked for is worked out once.

    Look for a thing in all of ``joined`` first, which takes a few nanoseconds a row, and go through
    the cells only where it is found.
    """

    def __init__(self, chunk: pd.DataFrame) -> None:
        self._chunk = weakref.ref(chunk)
        self._known: dict[tuple[str, str], object] = {}

    def cells(self, column: str) -> list[str]:
        """Each cell's text: of messages and other structures all strings in them; "" for none."""
        if self.kinds(column) == {str}:
            return self.raw(column)
        return self.once("cells", column, lambda: list(map(_text, self.raw(column))))

    def joined(self, column: str) -> str:
        """The text of all cells, with ``END`` in between."""
        return self.once("joined", column, lambda: END.join(self.cells(column)))

    def encoded(self, column: str) -> bytes:
        """The same in UTF-8; half a surrogate pair is three bytes."""
        return self.once(
            "encoded", column, lambda: self.joined(column).encode("utf-8", "surrogatepass")
        )

    def raw(self, column: str) -> list[Any]:
        """The cells as they are; of a column that is not there, as many times None."""
        return self.once("raw", column, lambda: self._cells(column))

    def kinds(self, column: str) -> set[type]:
        """The types of the cells."""
        return self.once("kinds", column, lambda: set(map(type, self.raw(column))))

    def _cells(self, column: str) -> list[Any]:
        chunk = self._chunk()
        return [] if chunk is None else cells(chunk, column)

    def once(self, what: str, column: str, make: Callable[[], T]) -> T:
        """What ``make`` gives, asked for the first time only."""
        key = what, column
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]  # type: ignore[return-value]  # put there under the same key


class _Last(threading.local):
    chunk: weakref.ref[pd.DataFrame] | None = None
    text: ChunkText | None = None


_last = _Last()


def text_of(chunk: pd.DataFrame) -> ChunkText:
    """The text of a chunk; asked again for the same chunk, the same object."""
    if _last.text is None or _last.chunk is None or _last.chunk() is not chunk:
        _last.chunk, _last.text = weakref.ref(chunk), ChunkText(chunk)
    return _last.text


def _text(cell: object) -> str:
    return cell if type(cell) is str else END.join(_strings(cell))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
