"""Tables of one line a record or nearly so: CSV, TSV and plain lines."""

from __future__ import annotations

import csv
import re
from bisect import bisect_right
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice

import pandas as pd

from pitchpipe.errors import DataError
from pitchpipe.listing import listed
from pitchpipe.records import PROMPT
from pitchpipe.tables.base import Block, FileTable, Segment, check_names, named, stripped
from pitchpipe.tables.delimiters import MARKS, declared, delimiter_of
from pitchpipe.tables.limits import MAX_RECORD_BYTES
from pitchpipe.tables.portions import Metered, portions, rows_within
from pitchpipe.tables.repairs import LOOKS_LIKE_JSON
from pitchpipe.tables.text import Piece, TextFile, bytes_in, too_long_record

_QUOTED = re.compile(r'"[^"]*(?:""[^"]*)*"')
_IN_QUOTES = re.compile(r'"[^"]*(?:"|$)')


class LinesTable(FileTable):
    """Plain text: a prompt a line, blank lines skipped.

    Args:
        name: see ``Table``.
        text: the file.
        chunk_rows: the most records of a chunk.
        guarded: whether a line that is meant as JSON is an error.
    """

    unit = "line"

    def __init__(
        self, name: str, text: TextFile, chunk_rows: int, *, guarded: bool = False
    ) -> None:
        super().__init__(name, text.source, chunk_rows)
        self._text = text
        self._guarded = guarded

    @property
    def columns(self) -> list[str]:
        """The one column, ``prompt``."""
        return [PROMPT]

    def _blocks(self, size: int) -> Generator[Block, None, None]:
        with closing(self._text.lines()) as lines:
            meter = Metered(lines)
            numbered = ((n, line) for n, line in enumerate(meter, start=1) if line.strip(" \t\r\n"))
            for block in portions(numbered, size, lambda _: (), meter):
                for number, line in block if self._guarded else ():
                    if "{" in line and LOOKS_LIKE_JSON.match(line):
                        raise self._json(number)
                yield Block(
                    [number for number, _ in block],
                    {PROMPT: [line.rstrip("\r\n") for _, line in block]},
                )

    def _json(self, number: int) -> DataError:
        return DataError(
            f"{self.path}: line {number} looks like a JSON object among lines of plain text. "
            "Expected JSON in every line, or in none; correct the file, or pass --input-kind lines "
            "to read every line as a text."
        )


class DelimitedTable(FileTable):
    """CSV or TSV with a header, quoted as RFC 4180 says; cells stay the text that they are.

    A line that is blank is skipped. A column without a name is called as pandas calls it. A first
    line such as ``sep=;`` says the delimiter. Else, where a header of a CSV file has no comma, a
    semicolon, a tab or a vertical bar in it is the delimiter, as spreadsheets write in many
    countries.

    Args:
        name: see ``Table``.
        text: the file.
        chunk_rows: the most records of a chunk.
        delimiter: what stands between cells.
        exact: whether a comma can only be another mark where the header has no comma, and names in
            the header keep the blanks around them.

    Raises:
        DataError: the header is missing, or a name in it occurs twice.
    """

    unit = "line"

    def __init__(
        self, name: str, text: TextFile, chunk_rows: int, delimiter: str, *, exact: bool = False
    ) -> None:
        super().__init__(name, text.source, chunk_rows)
        self._text = text
        said = None if exact else declared(text.head)
        if exact:
            self._delimiter = self._comma_or_other() if delimiter == "," else delimiter
        else:
            self._delimiter = said or delimiter_of(
                text.head, text.newline, text.is_whole, delimiter
            )
            self.notes = self._on_delimiter(said, delimiter)
        with closing(self._rows()) as rows:
            written = (row for row in rows if len(row[1]) > 1 or row[1][0].strip())
            if said:
                next(written, None)
            self._header_line, header = next(written, (0, []))
        if not header:
            raise DataError(f"{self.path}: holds only blank lines. Expected a header and rows.")
        self._header = named(header)
        if not exact:
            self._header, note = stripped(self._header)
            self.notes += note
        check_names(f"{self.path}: line {self._header_line}", self._header)

    @property
    def columns(self) -> list[str]:
        """The header."""
        return list(self._header)

    def _blocks(self, size: int) -> Generator[Block, None, None]:
        with closing(self._text.lines()) as lines:
            meter = Metered(lines)
            with closing(self._records(self._parsed(meter, 1))) as records:
                yield from self._gathered(records, size, meter)

    def _gathered(
        self, records: Iterator[tuple[int, list[str]]], size: int, meter: Metered | None = None
    ) -> Iterator[Block]:
        size = rows_within(size, len(self._header))
        for block in portions(records, size, lambda _: (), meter):
            cells = zip(*(row for _, row in block), strict=True)
            yield Block(
                [line for line, _ in block],
                {
                    name: [cell or None for cell in column]
                    for name, column in zip(self._header, cells, strict=True)
                },
            )

    def segments(self) -> Iterator[Segment]:
        """The records in order, in pieces that are parsed where their chunks are asked for."""
        for piece in self._text.pieces(partial(whole_rows, self._delimiter.encode())):
            yield Rows(self, piece)

    def blocks_of(self, piece: Piece) -> Iterator[Block]:
        """The records of a piece, by column."""
        text = piece.text()
        lines: Iterable[str] = text.split(self._text.newline)
        if '"' in text:  # a quoted cell may hold line ends
            lines = (line + self._text.newline for line in lines)
        with closing(self._records(self._parsed(lines, piece.line))) as records:
            yield from self._gathered(records, self._chunk_rows)

    def _records(
        self, rows: Generator[tuple[int, list[str]], None, None]
    ) -> Generator[tuple[int, list[str]], None, None]:
        width = len(self._header)
        with closing(rows):
            for line, row in rows:
                if line <= self._header_line:
                    continue
                if len(row) == width:
                    yield line, row
                elif len(row) > 1 or row[0].strip():
                    raise self._ragged(line, len(row))

    def _rows(self) -> Generator[tuple[int, list[str]], None, None]:
        with closing(self._text.lines()) as lines:
            yield from self._parsed(lines, 1)

    def _parsed(
        self, lines: Iterable[str], first: int
    ) -> Generator[tuple[int, list[str]], None, None]:
        # the limit is the process's, and too low for a long text; it is only ever raised
        csv.field_size_limit(max(csv.field_size_limit(), 2**31 - 1))
        record = _BoundedRecord(lines)
        reader = csv.reader(record, delimiter=self._delimiter, strict=True)
        start = first
        try:
            for row in reader:
                if row:
                    yield start, row
                start = first + reader.line_num
                record.size = 0
        except _LongRecordError:
            raise too_long_record(f"{self.path}: line {start}") from None
        except csv.Error as error:
            raise self._malformed(start, first + reader.line_num - 1) from error

    def _on_delimiter(self, said: str | None, promised: str) -> tuple[str, ...]:
        mark = MARKS.get(self._delimiter, repr(self._delimiter))
        if said:
            return (f"The first line of {self.path.name} says that {mark} separates the cells.",)
        if self._delimiter in (promised, ";") and promised != "\t":
            return ()
        if self._delimiter == promised:
            return ()
        return (f"The cells of {self.path.name} are separated by {mark}.",)

    def _comma_or_other(self) -> str:
        with closing(self._text.lines()) as lines:
            header = _IN_QUOTES.sub("", next((line for line in lines if line.strip()), ""))
        return next((mark for mark in ",;\t" if mark in header), ",")

    def _ragged(self, line: int, fields: int) -> DataError:
        return DataError(
            f"{self.path}: line {line} has {_count(fields, 'field')}, but the header names "
            f"{_count(len(self._header), 'column')} ({listed(self._header, show=str)}). "
            "Expected as many; put double quotes around a cell that holds "
            f"{_name(self._delimiter)} or a line break."
        )

    def _malformed(self, start: int, stop: int) -> DataError:
        """The error for the record on lines ``start`` to ``stop``, which csv refuses."""
        with closing(self._text.lines()) as lines:
            record = "".join(islice(lines, start - 1, stop))
        opened, after = _bad_quote(record, self._delimiter)
        if opened is None:
            return DataError(
                f"{self.path}: line {stop}: a carriage return in the middle of a line. "
                "Expected it in front of a line feed, or inside double quotes; remove it, or, if "
                "carriage returns end the rows, put double quotes around cells with line feeds."
            )
        line = start + record.count(self._text.newline, 0, opened)
        if after is None:
            return DataError(
                f"{self.path}: line {line}: the quote that opens here is never closed. "
                'Expected a closing "; add it, or write a " inside a cell as "".'
            )
        found = start + record.count(self._text.newline, 0, after)
        if record[after - 2 : after] == '\\"':
            return DataError(
                f'{self.path}: line {found}: a quote inside a cell is written as \\", with a '
                'backslash. Expected ""; write the file with quotes doubled, or replace \\" by "".'
            )
        return DataError(
            f"{self.path}: line {found}: {record[after]!r} follows the closing quote of a cell "
            f"that opens on line {line}. Expected {_name(self._delimiter)} or the end of the line; "
            'write a " inside a cell as "", and close every quote.'
        )


class _LongRecordError(Exception):
    """A record has more text than any may have."""


class _BoundedRecord(Iterator[str]):
    """Lines, until there are too many for one record: csv keeps all of it until it ends.

    Attributes:
        size: the bytes of text that were given since it was last set to zero.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.size = 0
        self._lines = iter(lines)

    def __next__(self) -> str:
        if self.size > MAX_RECORD_BYTES:
            raise _LongRecordError
        line = next(self._lines)
        self.size += bytes_in(line)
        return line


@dataclass(frozen=True)
class Rows(Segment):
    """Some rows of a delimited table."""

    table: DelimitedTable
    piece: Piece

    def chunks(self) -> Iterator[pd.DataFrame]:
        """The records in order."""
        for block in self.table.blocks_of(self.piece):
            yield block.frame(DelimitedTable.unit)


def whole_rows(delimiter: bytes, data: bytes, newline: bytes) -> int:
    """A ``Cut`` for delimited rows: the last line end that is in no quoted cell."""
    if b'"' not in data:
        return data.rfind(newline) + 1
    cells = re.compile(
        rb"(?:\A(?:\xef\xbb\xbf)?|(?<=[\r\n" + re.escape(delimiter) + rb']))"[^"]*(?:""[^"]*)*"?'
    )
    spans = [cell.span() for cell in cells.finditer(data)]
    limit = len(data)
    while (end := data.rfind(newline, 0, limit)) >= 0:
        before = bisect_right(spans, (end, limit)) - 1
        # what opened before the line end and is not closed before it may go on beyond the data
        if before < 0 or spans[before][1] <= end:
            return end + 1
        limit = spans[before][0]
    return 0


def _bad_quote(record: str, delimiter: str) -> tuple[int | None, int | None]:
    """Where the quoted cell opens that is at fault, and what wrongly follows its closing quote."""
    position = 0
    while 0 <= position < len(record):
        if record[position] == '"':
            cell = _QUOTED.match(record, position)
            if cell is None:
                return position, None
            if record[cell.end() : cell.end() + 1] not in (delimiter, "\r", "\n", ""):
                return position, cell.end()
            position = cell.end()
        position = record.find(delimiter, position) + 1 or -1
    return None, None


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _name(delimiter: str) -> str:
    return MARKS.get(delimiter, repr(delimiter))
