"""Writing JSON lines."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from pitchpipe.errors import DataError
from pitchpipe.files import atomic
from pitchpipe.tables.values import plain


def _default(value: object) -> object:
    simpler = plain(value)
    if simpler is value:
        raise TypeError(f"a {type(value).__name__} has no counterpart in JSON")
    return simpler


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_default)


_UNWRITABLE = (TypeError, ValueError, RecursionError)


def _encode(record: Mapping[str, object]) -> bytes:
    return f"{_ENCODER.encode(record)}\n".encode()


def _is_writable(record: Mapping[str, object]) -> bool:
    try:
        _encode(record)
    except _UNWRITABLE:
        return False
    return True


class JsonlWriter:
    """Writes records as UTF-8 JSON, an object a line; made by ``write_jsonl``.

    Attributes:
        rows: how many records have been written.
    """

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        self.rows = 0
        self._path = path
        self._stream = stream

    def write(self, records: Iterable[Mapping[str, object]]) -> None:
        """Appends records, without the keys whose value is None.

        Raises:
            DataError: a value has no counterpart in JSON, or a text none in UTF-8; names the
                record and the column.
        """
        for record in records:
            present = {key: value for key, value in record.items() if value is not None}
            try:
                line = _encode(present)
            except _UNWRITABLE as error:
                raise self._unwritable(present, error) from error
            self._stream.write(line)
            self.rows += 1

    def _unwritable(self, record: Mapping[str, object], error: Exception) -> DataError:
        bad = next(key for key, value in record.items() if not _is_writable({key: value}))
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        return DataError(
            f"{self._path}: record {self.rows + 1}, column {bad!r} cannot be written as JSON "
            f"({reason}). Expected text, numbers, true or false, lists or objects."
        )


@contextlib.contextmanager
def write_jsonl(path: Path) -> Iterator[JsonlWriter]:
    """A JSON lines file to write to, which gets its name when all of it is on disk.

    Args:
        path: the final name; missing folders are made.

    Raises:
        WriteError: the folder cannot be written to, or the disk is full.
    """
    with atomic(path, "wb") as stream:
        yield JsonlWriter(path, stream)
