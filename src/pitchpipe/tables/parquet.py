"""Parquet tables."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from pitchpipe.errors import DataError
from pitchpipe.tables.arrays import CELL_BYTES, cells_of, size_of
from pitchpipe.tables.base import Block, FileTable, check_names, unreadable
from pitchpipe.tables.extras import require
from pitchpipe.tables.identity import SourceFile
from pitchpipe.tables.limits import MAX_CHUNK_TEXT, MAX_RECORD_BYTES, check_width, too_long
from pitchpipe.tables.portions import rows_within
from pitchpipe.tables.values import plain_block

_INDEX = re.compile(r"__index_level_\d+__")  # pandas' name for a nameless index


class ParquetTable(FileTable):
    """A Parquet file; an index that pandas saved in it does not count.

    Args:
        name: see ``Table``.
        source: the file.
        chunk_rows: the most records of a chunk.

    Raises:
        DataError: it is not a Parquet file, unpacks to too much, or pyarrow is not installed.
    """

    unit = "row"

    def __init__(self, name: str, source: SourceFile, chunk_rows: int) -> None:
        super().__init__(name, source, chunk_rows)
        self._parquet = require("pyarrow.parquet", "parquet", source.path)
        self._arrow = require("pyarrow", "parquet", source.path)
        with self._open() as file:
            metadata = file.metadata
            check_width(str(source.path), metadata.num_columns)
            groups = [metadata.row_group(at) for at in range(metadata.num_row_groups)]
            claimed = sum(max(0, group.total_byte_size) for group in groups)
            values = sum(
                max(0, group.column(at).num_values)
                for group in groups
                for at in range(group.num_columns)
            )
            cells = max(values, metadata.num_rows * metadata.num_columns)
            source.unpack_limit.check(max(claimed, CELL_BYTES * cells))
            self._names = [n for n in file.schema_arrow.names if not _INDEX.fullmatch(n)]
            # a dictionary of texts is kept as one, so that a short file cannot make long columns
            self._texts = [
                metadata.schema.column(at).path
                for at in range(metadata.num_columns)
                if metadata.schema.column(at).physical_type == "BYTE_ARRAY"
            ]
            fixed = sum(
                max(0, metadata.schema.column(at).length) for at in range(metadata.num_columns)
            )
            if fixed > MAX_RECORD_BYTES:
                advice = "make the binary columns shorter, or leave them out"
                raise too_long(str(source.path), "each row", advice)
            self._batch_rows = max(1, MAX_CHUNK_TEXT // max(1, fixed))
        check_names(str(source.path), self._names)

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._names)

    def _blocks(self, size: int) -> Generator[Block, None, None]:
        first, unpacked = 1, 0
        limit = self._source.unpack_limit
        size = rows_within(size, len(self._names))
        with self._open(self._texts) as file:
            for batch in file.iter_batches(batch_size=min(size, self._batch_rows)):
                for part, length in self._pieces(batch, first):
                    unpacked += length
                    limit.check(unpacked, f"row {first}")
                    yield self._block(part, first)
                    first += part.num_rows

    def _pieces(self, batch: Any, first: int) -> Iterator[tuple[Any, int]]:
        """A batch in pieces that are small once they are Python's objects, each with its size."""
        length = sum(size_of(column) for column in batch.columns)
        if length <= MAX_CHUNK_TEXT:
            yield batch, length
        elif batch.num_rows > 1:
            half = batch.num_rows // 2
            yield from self._pieces(batch.slice(0, half), first)
            yield from self._pieces(batch.slice(half), first + half)
        else:
            raise too_long(f"{self.path}: row {first}", "the row", "shorten or delete it")

    def _block(self, batch: Any, first: int) -> Block:
        columns = {
            name: cells_of(batch.column(name), partial(self._place, name, first))
            for name in self._names
        }
        locators = range(first, first + batch.num_rows)
        return plain_block(str(self.path), self.unit, locators, columns)

    def _place(self, column: str, first: int, at: int) -> str:
        return f"{self.path}: {self.unit} {first + at}, column {column!r}"

    @contextmanager
    def _open(self, dictionaries: list[str] | None = None) -> Generator[Any, None, None]:
        # pyarrow's errors are Python's too; damaged pages are an OSError without a number
        try:
            with (
                self._source.open() as stream,
                self._parquet.ParquetFile(stream, read_dictionary=dictionaries) as file,
            ):
                yield file
        except MemoryError as error:
            raise DataError(
                f"{self.path}: unpacking the data takes more memory than there is. Expected pages "
                "of the usual size; write the file again with smaller pages and row groups."
            ) from error
        except (
            ArithmeticError,
            LookupError,
            NotImplementedError,
            OSError,
            RuntimeError,
            TypeError,
            ValueError,
            self._arrow.ArrowException,
        ) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise unreadable(self.path, error) from error
            raise DataError(
                f"{self.path}: not a Parquet file that can be read ({error}). "
                "Expected Parquet data; write the file again."
            ) from error
