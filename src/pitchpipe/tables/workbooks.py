"""Opening workbooks whose parts are of a size that can be read, whatever they claim to be.

A workbook is a zip archive of XML. openpyxl takes some parts whole into memory, and of the others
keeps what is neither a row nor a shared string until the part ends. So every part is scanned
before openpyxl sees it.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import IO, Any, NoReturn
from xml.parsers import expat

from pitchpipe.errors import DataError
from pitchpipe.tables.identity import SourceFile
from pitchpipe.tables.limits import MAX_RECORD_BYTES, UnpackLimit

_MAX_ROW = 1_048_576
_MAX_PART = 1 << 25
"""How long a part may be that is read whole: of styles, names of sheets and the like."""

_MAX_STRINGS = 5_000_000
_MAX_INSIDE = 1_000_000
"""How many elements a row or a shared string may have, or all else of a part."""

_MAX_DEPTH = 100
_MAX_TOKEN = 1 << 22
"""How long a tag or a comment may be; the parser looks at an unfinished one again and again."""

_BLOCK = 1 << 16
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The two that the format allows (ECMA-376, part 2, annex C)."""

_EXPORT = "Export the sheet as CSV, and pass that file."


@contextmanager
def open_workbook(stream: IO[bytes], source: SourceFile) -> Iterator[Any]:
    """The workbook in a file, as openpyxl's object; formulas are the values last computed.

    Args:
        stream: the open file.
        source: the same file, for messages and its limit.

    Raises:
        DataError: it unpacks to too much, or a part holds more than can be read.
        OSError, ValueError, zipfile.BadZipFile: it is damaged; openpyxl has more such errors.
    """
    base: Any = import_module("openpyxl.reader.excel").ExcelReader
    namespace = import_module("openpyxl.xml.constants").SHEET_MAIN_NS

    class Reader(base):  # type: ignore[misc]  # openpyxl has no types
        """Tells the archive what openpyxl lets go of while it reads a part."""

        def read_strings(self) -> None:
            self.archive.let_go = f"{namespace} si"
            super().read_strings()
            self.archive.let_go = f"{namespace} row"

    reader = Reader(stream, read_only=True, data_only=True, keep_links=False)
    reader.archive.close()
    with _ScannedArchive(stream, source.unpack_limit) as archive:
        reader.archive = archive
        reader.read()
        yield reader.wb


class _ScannedArchive(zipfile.ZipFile):
    """A workbook's archive, each part of which is scanned before it is opened.

    Args:
        stream: the open file.
        limit: how much it may unpack to.

    Attributes:
        let_go: the elements that whoever reads a stream drops one by one, with their namespace.

    Raises:
        DataError: all parts together unpack to too much, or a part is not packed as workbooks are.
    """

    def __init__(self, stream: IO[bytes], limit: UnpackLimit) -> None:
        super().__init__(stream)
        self.let_go = ""
        self._path = limit.path
        self._scanned: set[tuple[str, str]] = set()
        # zipfile reads no more of a part than its entry says
        limit.check(sum(entry.file_size for entry in self.infolist()))
        for entry in self.infolist():
            if entry.compress_type not in _METHODS:
                raise DataError(
                    f"{self._path}: the part {entry.filename} is packed by method "
                    f"{entry.compress_type}. Expected method 0 or 8, as in all workbooks; save it "
                    "again from a spreadsheet."
                )

    def open(self, name: Any, *arguments: Any, **options: Any) -> Any:
        """A part as a stream."""
        entry = self.getinfo(name)
        self._scan(entry, self.let_go)
        return _Part(super().open(entry, *arguments, **options), f"{self._path}: {name}")

    def read(self, name: Any, pwd: bytes | None = None) -> bytes:
        """A part that is kept whole."""
        entry = self.getinfo(name)
        if entry.file_size > _MAX_PART:
            raise _too_long_part(f"{self._path}: {name}")
        self._scan(entry, "")
        with super().open(entry, "r", pwd) as part:
            return part.read()

    def _scan(self, entry: zipfile.ZipInfo, let_go: str) -> None:
        if (entry.filename, let_go) not in self._scanned:
            with super().open(entry) as part:
                _PartScan(f"{self._path}: {entry.filename}", let_go).run(part)
            self._scanned.add((entry.filename, let_go))


class _Part(io.RawIOBase):
    """A part to be read bit by bit; as a whole only where it is short."""

    def __init__(self, part: IO[bytes], where: str) -> None:
        self._part = part
        self._where = where

    def read(self, size: int = -1) -> bytes:
        """The next bytes; all that are left when no size is given."""
        if size >= 0:
            return self._part.read(size)
        data = self._part.read(_MAX_PART + 1)
        if len(data) > _MAX_PART:
            raise _too_long_part(self._where)
        return data

    def close(self) -> None:
        """Closes the part."""
        self._part.close()
        super().close()


class _PartScan:
    """Counts what is in an XML part.

    Args:
        where: what to call the part in messages, with the file.
        let_go: the elements that are dropped one by one; all else stays in memory.
    """

    def __init__(self, where: str, let_go: str) -> None:
        self._where = where
        self._let_go = let_go
        self._depth = 0
        self._record_depth = 0  # where the row or text begins that is open; 0 outside
        self._record_start = 0
        self._record_end = 0
        self._records = 0
        self._elements = 0  # in that row or text
        self._kept = 0
        self._kept_bytes = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype

    def run(self, part: IO[bytes]) -> None:
        """Reads the part.

        Raises:
            DataError: it holds more than can be read. What is no XML is left to openpyxl.
        """
        fed = 0
        while data := part.read(_BLOCK):
            try:
                self._parser.Parse(data, False)
            except expat.ExpatError:
                return
            fed += len(data)
            if self._record_depth and fed - self._record_start > MAX_RECORD_BYTES:
                self._refuse("bytes in one row or text", MAX_RECORD_BYTES)
            if fed - self._parser.CurrentByteIndex > _MAX_TOKEN:
                self._refuse("bytes in one tag", _MAX_TOKEN)
            outside = 0 if self._record_depth else fed - self._record_end
            if self._kept_bytes + outside > MAX_RECORD_BYTES:
                self._refuse("bytes beside the rows and texts", MAX_RECORD_BYTES)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self._refuse("elements inside one another", _MAX_DEPTH)
        if self._record_depth:
            self._elements += 1
            if self._elements > _MAX_INSIDE:
                self._refuse("elements in one row or text", _MAX_INSIDE)
        elif name == self._let_go:
            self._begin_record(attributes.get("r"))
        else:
            self._kept += 1
            if self._kept > _MAX_INSIDE:
                self._refuse("elements beside the rows and texts", _MAX_INSIDE)

    def _begin_record(self, number: str | None) -> None:
        self._record_depth, self._elements = self._depth, 0
        self._record_start = self._parser.CurrentByteIndex
        self._kept_bytes += self._record_start - self._record_end
        self._records += 1
        if self._let_go.endswith(" si"):
            if self._records > _MAX_STRINGS:
                self._refuse("different texts", _MAX_STRINGS)
            return
        if self._records > _MAX_ROW:
            self._refuse("rows", _MAX_ROW)
        try:
            is_beyond = number is not None and not float(number) <= _MAX_ROW
        except ValueError:  # openpyxl says so
            is_beyond = False
        if is_beyond:
            raise DataError(
                f"{self._where}: a row has the number {str(number)[:30]}. Expected at most "
                f"{_MAX_ROW:,}, as many rows as a sheet can have; save the workbook again from a "
                "spreadsheet, or export the sheet as CSV."
            )

    def _end(self, name: str) -> None:
        del name
        if self._depth == self._record_depth:
            self._record_depth = 0
            self._record_end = self._parser.CurrentByteIndex
        self._depth -= 1

    def _doctype(self, *arguments: Any) -> None:
        del arguments
        raise DataError(
            f"{self._where}: declares a document type, by which short texts can become long. "
            "Expected none, as in all workbooks; save it again from a spreadsheet."
        )

    def _refuse(self, what: str, limit: int) -> NoReturn:
        raise DataError(f"{self._where}: has more than {limit:,} {what}. Expected less. {_EXPORT}")


def _too_long_part(where: str) -> DataError:
    return DataError(
        f"{where}: is longer than {_MAX_PART:,} bytes, and has to be read whole. "
        f"Expected less. {_EXPORT}"
    )
