"""DataFrames as tables, and chunks as records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterator

import pandas as pd

from pitchpipe.tables.base import Block, Table, check_names
from pitchpipe.tables.values import plain_block


class FrameTable(Table):
    """A DataFrame; its own index does not count.

    Args:
        frame: the records; not changed.
        chunk_rows: the most records of a chunk.

    Raises:
        DataError: a column's name, as text, is empty or occurs twice.
    """

    unit = "row"

    def __init__(self, frame: pd.DataFrame, chunk_rows: int) -> None:
        super().__init__("data", None, chunk_rows)
        self._frame = frame
        self._names = [str(name) for name in frame.columns]
        check_names("DataFrame", self._names)

    @property
    def columns(self) -> list[str]:
        """The names of the columns, as text."""
        return list(self._names)

    def fingerprint(self) -> str:
        """SHA-256 of the names and the values, in hexadecimal digits."""
        digest = hashlib.sha256(json.dumps(self._names).encode())
        for block in self._blocks(self._chunk_rows):
            for values in zip(*block.cells.values(), strict=True):
                digest.update(json.dumps(values, default=repr).encode())
        return digest.hexdigest()

    def _blocks(self, size: int) -> Generator[Block, None, None]:
        for start in range(0, len(self._frame), size):
            part = self._frame.iloc[start : start + size]
            columns = {
                name: part.iloc[:, position].astype(object).tolist()
                for position, name in enumerate(self._names)
            }
            locators = range(start + 1, start + len(part) + 1)
            yield plain_block("DataFrame", self.unit, locators, columns)


def frame_to_records(chunk: pd.DataFrame) -> Iterator[dict[str, object]]:
    """The rows of a chunk as objects, without the keys whose value is missing."""
    names = [str(name) for name in chunk.columns]
    if not names:
        yield from ({} for _ in range(len(chunk)))
        return
    columns = (_present(chunk.iloc[:, position]) for position in range(len(names)))
    for values in zip(*columns, strict=True):
        yield {name: value for name, value in zip(names, values, strict=True) if value is not None}


def _present(column: pd.Series) -> list[object]:
    """The values of a column, None for what pandas calls missing."""
    values = column.to_numpy(dtype=object, copy=True)
    values[pd.isna(values)] = None
    return list(values.tolist())
