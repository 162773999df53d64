"""Writing JSON lines."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import orjson
import pandas as pd

from pitchpipe.errors import DataError
from pitchpipe.files import atomic
from pitchpipe.tables.frames import frame_to_records
from pitchpipe.tables.values import plain


def _default(value: object) -> object:
    simpler = plain(value)
    if simpler is value:
        raise TypeError(f"a {type(value).__name__} has no counterpart in JSON")
    return simpler


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_default
)


_UNWRITABLE = (TypeError, ValueError, RecursionError)


def _encode(record: Mapping[str, object]) -> bytes:
    try:
        line = orjson.dumps(record, _default, orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # a number beyond 64 bits can be written, half a surrogate pair cannot
        line = b"null"
    # which may stand for a number that JSON lacks
    return f"{_ENCODER.encode(record)}\n".encode() if b"null" in line else line


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
                where = f"{self._path}: record {self.rows + 1}"
                raise _unwritable(where, present, error) from error
            self._stream.write(line)
            self.rows += 1


def encode_records(chunk: pd.DataFrame) -> bytes:
    """The rows of a chunk as lines of JSON, without the keys whose value is missing.

    Raises:
        DataError: a value has no counterpart in JSON, or a text none in UTF-8; names the row and
            the column.
    """
    names = [str(name) for name in chunk.columns]
    columns = [chunk.iloc[:, at].tolist() for at in range(len(names))]
    if len(names) == 2 and all(set(map(type, cells)) == {str} for cells in columns):
        with contextlib.suppress(TypeError):
            return _encode_pairs(*names, *columns)
    lines: list[bytes] = []
    for record in frame_to_records(chunk):
        try:
            lines.append(_encode(record))
        except _UNWRITABLE as error:
            where = f"{chunk.index.name} {chunk.index[len(lines)]}"
            raise _unwritable(where, record, error) from error
    return b"".join(lines)


def _encode_pairs(a: str, b: str, first: Sequence[str], second: Sequence[str]) -> bytes:
    dumps, option = orjson.dumps, orjson.OPT_APPEND_NEWLINE
    return b"".join(
        [dumps({a: x, b: y}, option=option) for x, y in zip(first, second, strict=True)]
    )


def _unwritable(where: str, record: Mapping[str, object], error: Exception) -> DataError:
    bad = next(key for key, value in record.items() if not _is_writable({key: value}))
    reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    return DataError(
        f"{where}, column {bad!r} cannot be written as JSON ({reason}). "
        "Expected text, numbers, true or false, lists or objects."
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
