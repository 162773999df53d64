"""Parquet tables."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pitchpipe.errors import DataError
from pitchpipe.tables.base import Block, FileTable, check_names, unreadable
from pitchpipe.tables.extras import require
from pitchpipe.tables.values import plain_block

_INDEX = re.compile(r"__index_level_\d+__")  # pandas' name for a nameless index


class ParquetTable(FileTable):
    """A Parquet file; an index that pandas saved in it does not count.

    Args:
        name: see ``Table``.
        path: the file.
        chunk_rows: the most records of a chunk.

    Raises:
        DataError: it is not a Parquet file, or pyarrow is not installed.
    """

    unit = "row"

    def __init__(self, name: str, path: Path, chunk_rows: int) -> None:
        super().__init__(name, path, chunk_rows)
        self._parquet = require("pyarrow.parquet", "parquet", path)
        with self._open() as file:
            self._names = [n for n in file.schema_arrow.names if not _INDEX.fullmatch(n)]
        check_names(str(path), self._names)

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._names)

    def _blocks(self, size: int) -> Generator[Block, None, None]:
        first = 1
        with self._open() as file:
            for batch in file.iter_batches(batch_size=size):
                columns = {name: batch.column(name).to_pylist() for name in self._names}
                locators = range(first, first + batch.num_rows)
                first = locators.stop
                yield plain_block(str(self.path), self.unit, locators, columns)

    @contextmanager
    def _open(self) -> Generator[Any, None, None]:
        # pyarrow's errors are Python's too; damaged pages are an OSError without a number
        try:
            with self._parquet.ParquetFile(self.path) as file:
                yield file
        except (ValueError, OSError, NotImplementedError, KeyError, TypeError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise unreadable(self.path, error) from error
            raise DataError(
                f"{self.path}: not a Parquet file that can be read ({error}). "
                "Expected Parquet data; write the file again."
            ) from error
