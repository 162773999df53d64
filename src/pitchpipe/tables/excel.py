"""Excel workbooks."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any

from pitchpipe.errors import DataError
from pitchpipe.listing import listed
from pitchpipe.tables.base import Block, FileTable, check_names, named, stripped, unreadable
from pitchpipe.tables.extras import require
from pitchpipe.tables.identity import SourceFile
from pitchpipe.tables.portions import rows_within
from pitchpipe.tables.values import plain_block
from pitchpipe.tables.workbooks import open_workbook

_DAMAGED = (  # SyntaxError is the base of the XML parser's errors
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
_Row = tuple[int, tuple[object, ...]]


class ExcelTable(FileTable):
    """The first sheet of a workbook, its first row that holds anything being the header.

    Rows that hold nothing are skipped. A formula counts as the value that was last computed.

    Args:
        name: see ``Table``.
        source: the file.
        chunk_rows: the most records of a chunk.
        exact: whether names in the header keep the blanks around them.

    Raises:
        DataError: it is not a workbook, unpacks to too much, its header has one name twice, or
            openpyxl is not installed.
    """

    unit = "row"

    def __init__(
        self, name: str, source: SourceFile, chunk_rows: int, *, exact: bool = False
    ) -> None:
        super().__init__(name, source, chunk_rows)
        path = source.path
        self._left_out = ""
        require("openpyxl", "excel", path)
        with closing(self._rows()) as rows:
            self._header_row, header = next(rows, (0, ()))
        if not header:
            raise DataError(f"{path}: the first sheet is empty. Expected a header and rows.")
        self._header = named(["" if cell is None else str(cell) for cell in header])
        self.notes = (self._left_out,) if self._left_out else ()
        if not exact:
            self._header, padded = stripped(self._header)
            self.notes += padded
        check_names(f"{path}: row {self._header_row}", self._header)

    @property
    def columns(self) -> list[str]:
        """The header."""
        return list(self._header)

    def _blocks(self, size: int) -> Generator[Block, None, None]:
        with closing(self._records()) as records:
            while block := list(islice(records, rows_within(size, len(self._header)))):
                cells = zip(*(row for _, row in block), strict=True)
                yield plain_block(
                    str(self.path),
                    self.unit,
                    [number for number, _ in block],
                    dict(zip(self._header, cells, strict=True)),
                )

    def _records(self) -> Generator[_Row, None, None]:
        width = len(self._header)
        with closing(self._rows()) as rows:
            next(rows)
            for number, row in rows:
                if len(row) > width:
                    raise DataError(
                        f"{self.path}: row {number} has a value in column {len(row)}, but the "
                        f"header names {width} ({listed(self._header, show=str)}). "
                        "Expected a name above every value; add one, or clear the cell."
                    )
                yield number, row + (None,) * (width - len(row))

    def _rows(self) -> Generator[_Row, None, None]:
        """The rows that hold anything, numbered as in the sheet, up to their last value."""
        with self._open() as book:
            sheet = book.worksheets[0]
            if len(book.worksheets) > 1:
                others = ", ".join(repr(other.title) for other in book.worksheets[1:])
                self._left_out = f"Only the first sheet, {sheet.title!r}, is read, not {others}."
            sheet.reset_dimensions()  # what the file claims of its size may be wrong
            for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
                width = len(row)
                while width and row[width - 1] in (None, ""):
                    width -= 1
                if width:
                    yield number, row[:width]

    @contextmanager
    def _open(self) -> Iterator[Any]:
        try:
            with self._source.open() as stream, open_workbook(stream, self._source) as book:
                yield book
        except OSError as error:
            if error.errno is not None:
                raise unreadable(self.path, error) from error
            raise self._damaged(error) from error
        except _DAMAGED as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> DataError:
        return DataError(
            f"{self.path}: not an Excel workbook that can be read ({error}). "
            "Expected .xlsx data; save it as .xlsx from a spreadsheet, or export it as CSV."
        )
