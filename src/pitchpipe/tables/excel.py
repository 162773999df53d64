"""Excel workbooks."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from pitchpipe.errors import DataError
from pitchpipe.tables.base import Block, FileTable, check_names, named, stripped, unreadable
from pitchpipe.tables.extras import require
from pitchpipe.tables.values import plain_block

_DAMAGED = (  # SyntaxError is the base of the XML parser's errors
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
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
        path: the file.
        chunk_rows: the most records of a chunk.
        exact: whether names in the header keep the blanks around them.

    Raises:
        DataError: it is not a workbook, its header has one name twice, or openpyxl is
            not installed.
    """

    unit = "row"

    def __init__(self, name: str, path: Path, chunk_rows: int, *, exact: bool = False) -> None:
        super().__init__(name, path, chunk_rows)
        self._left_out = ""
        self._openpyxl = require("openpyxl", "excel", path)
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
            while block := list(islice(records, size)):
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
                        f"header names {width} ({', '.join(self._header)}). "
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
                while row and row[-1] in (None, ""):
                    row = row[:-1]
                if row:
                    yield number, row

    @contextmanager
    def _open(self) -> Iterator[Any]:
        try:
            with self.path.open("rb") as stream:
                book = self._openpyxl.load_workbook(stream, read_only=True, data_only=True)
                with closing(book):
                    yield book
        except OSError as error:
            raise unreadable(self.path, error) from error
        except _DAMAGED as error:
            raise DataError(
                f"{self.path}: not an Excel workbook that can be read ({error}). "
                "Expected .xlsx data; save it as .xlsx from a spreadsheet, or export it as CSV."
            ) from error
