"""JSON tables: an object a line, or one array of objects."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from pathlib import Path

import orjson
import pandas as pd

from pitchpipe.errors import DataError
from pitchpipe.tables.base import Block, FileTable, Segment, Table
from pitchpipe.tables.faults import ReadingFault, is_lossless, spells_tiny
from pitchpipe.tables.limits import MAX_COLUMNS, too_many_keys
from pitchpipe.tables.parsing import (
    BLANK,
    Record,
    by_column,
    has_doubtful_numbers,
    is_json,
    parse_document,
    parse_line,
    parse_whole,
)
from pitchpipe.tables.portions import Metered, portions
from pitchpipe.tables.repairs import COMMENT_MARKS, LineHabits
from pitchpipe.tables.text import LongLineError, Piece, TextFile, whole_lines

Numbered = tuple[int, Record, list[ReadingFault]]
"""A line's number, its object, and what that cannot hold."""


class JsonLinesTable(FileTable):
    """JSON lines: an object a line, blank lines skipped. Only a line feed ends a line.

    Args:
        name: see ``Table``.
        text: the file.
        chunk_rows: the most records of a chunk.
        habits: what of its lines is left out.
        remark: what an error in a line should say besides.
    """

    unit = "line"

    def __init__(
        self,
        name: str,
        text: TextFile,
        chunk_rows: int,
        habits: LineHabits | None = None,
        remark: str = "",
    ) -> None:
        super().__init__(name, text.source, chunk_rows)
        self._text = text
        self._parser = LineParser(text.path, habits or LineHabits(), remark)
        self.notes = self._parser.habits.notes
        self._columns: list[str] | None = None

    @property
    def columns(self) -> list[str]:
        """The keys of all records, in the order in which they first appear."""
        if self._columns is None:
            for _ in self._blocks(self._chunk_rows):
                pass
        return list(self._columns or ())

    @property
    def is_plain(self) -> bool:
        """Whether the file is UTF-8, and nothing of its lines is left out or read as more."""
        return self._text.is_plain and self._parser.habits == LineHabits()

    def _blocks(self, size: int) -> Generator[Block, None, None]:
        seen: dict[str, None] = {}
        with closing(self._text.lines()) as lines:
            meter = Metered(lines)
            for part in portions(self._parser.numbered(meter, 1), size, _keys, meter):
                check_keys(f"{self.path}: line", seen, _placed(part))
                yield _block(part)
        self._columns = list(seen)

    def segments(self) -> Iterator[Segment]:
        """The records in order, in pieces that are parsed where their chunks are asked for."""
        for piece in self._text.pieces(whole_lines):
            yield JsonLines(piece, self._chunk_rows, self._parser)


@dataclass(frozen=True)
class LineParser:
    """Reads lines of JSON one by one.

    Attributes:
        path: the file, for messages.
        habits: what of its lines is left out.
        remark: what an error in a line should say besides.
    """

    path: Path
    habits: LineHabits
    remark: str = ""

    def numbered(self, lines: Iterable[str], first: int) -> Generator[Numbered, None, None]:
        """The records with the numbers of their lines.

        Args:
            lines: some lines.
            first: the number of the first.

        Raises:
            DataError: a line holds no record; names line and column.
        """
        habits = self.habits
        for number, line in enumerate(lines, start=first):
            if not (bare := line.strip(BLANK)):
                continue
            if habits.comments and bare.startswith(COMMENT_MARKS):
                continue
            if habits.commas:
                bare = bare.removesuffix(",").rstrip(BLANK)
            faults: list[ReadingFault] = []
            try:
                record = parse_line(
                    self.path, number, bare, faults, conversations=habits.conversations
                )
            except DataError as error:
                if not self.remark:
                    raise
                raise DataError(f"{error} {self.remark}") from error
            yield number, record, faults


@dataclass(frozen=True)
class JsonLines(Segment):
    """Some lines of JSON.

    Attributes:
        piece: where they are.
        chunk_rows: the most records of a chunk.
        parser: reads those that are no ordinary objects.
    """

    piece: Piece
    chunk_rows: int
    parser: LineParser

    def chunks(self) -> Iterator[pd.DataFrame]:
        """The records in order."""
        for block in self._plain() or self._any():
            yield block.frame(JsonLinesTable.unit)

    def _plain(self) -> list[Block] | None:
        """All of it the fast way; None where a line is anything but an ordinary object."""
        file = self.piece.file
        data = self.piece.data()
        lines = data.split(file.newline.encode())
        if not lines[-1]:
            lines.pop()
        try:
            records = list(map(orjson.loads, lines))
        except orjson.JSONDecodeError:
            return None
        if set(map(type, records)) != {dict} or not is_lossless(data, records):
            return None
        blocks = []
        first = self.piece.line
        check_keys(f"{file.path}: line", {}, enumerate(records, start=first))
        for part in portions(records, self.chunk_rows, dict.keys):
            block = Block(range(first, first + len(part)), by_column(part))
            if any(map(has_doubtful_numbers, block.cells.values())) and (
                spells_tiny(data)
                or any(has_doubtful_numbers(cells, zeros=False) for cells in block.cells.values())
            ):
                return None
            blocks.append(block)
            first += len(part)
        return blocks

    def _any(self) -> Iterator[Block]:
        """All of it line by line, which says what is wrong with one."""
        file = self.piece.file
        lines = self.piece.text().split(file.newline)
        records = self.parser.numbered(lines, self.piece.line)
        seen: dict[str, None] = {}
        for part in portions(records, self.chunk_rows, _keys):
            check_keys(f"{file.path}: line", seen, _placed(part))
            yield _block(part)


def check_keys(where: str, seen: dict[str, None], records: Iterable[tuple[int, Record]]) -> None:
    """Whether some records, and those before them, have no more keys than can be read.

    Args:
        where: what to begin the message with, before the record's place ("rows.jsonl: line").
        seen: the keys of the records before them, in order; gets theirs.
        records: the records, each with its place.

    Raises:
        DataError: there are too many keys; names the place where.
    """
    for place, record in records:
        if not record.keys() <= seen.keys():
            seen.update(dict.fromkeys(record))
            if len(seen) > MAX_COLUMNS:
                raise too_many_keys(f"{where} {place}")


def _keys(numbered: Numbered) -> Collection[str]:
    return numbered[1].keys()


def _placed(part: Sequence[Numbered]) -> Iterator[tuple[int, Record]]:
    return ((line, record) for line, record, _ in part)


def _block(part: Sequence[Numbered]) -> Block:
    faults = [fault for _, _, some in part for fault in some]
    return Block(
        [line for line, _, _ in part], by_column([record for _, record, _ in part]), faults
    )


class JsonTable(FileTable):
    """A JSON array of objects, or an object that holds nothing but one; read as a whole.

    Args:
        name: see ``Table``.
        text: the file.
        chunk_rows: the most records of a chunk.
        records: the objects.
        faults: what they cannot hold, in order.
    """

    unit = "record"

    def __init__(
        self,
        name: str,
        text: TextFile,
        chunk_rows: int,
        records: Sequence[Record],
        faults: Sequence[ReadingFault] = (),
    ) -> None:
        super().__init__(name, text.source, chunk_rows)
        self._records = records
        self._faults = faults
        check_keys(f"{text.path}: record", {}, enumerate(records, start=1))

    @property
    def columns(self) -> list[str]:
        """The keys of all records, in the order in which they first appear."""
        return list(dict.fromkeys(key for record in self._records for key in record))

    def _blocks(self, size: int) -> Generator[Block, None, None]:
        first = 1
        for records in portions(self._records, size, dict.keys):
            here = range(first, first + len(records))
            first = here.stop
            low, high = (
                bisect_left(self._faults, at, key=attrgetter("locator"))
                for at in (here.start, here.stop)
            )
            yield Block(here, by_column(records), self._faults[low:high])


def open_document(name: str, text: TextFile, chunk_rows: int, remark: str = "") -> JsonTable:
    """The table in one JSON document.

    Args:
        name: see ``Table``.
        text: the file.
        chunk_rows: the most records of a chunk.
        remark: what an error should say besides.

    Raises:
        DataError: there are no rows in it, or it is no JSON.
    """
    whole = text.read()
    if not whole.strip(BLANK):
        raise _blank(text.path)
    faults: list[ReadingFault] = []
    try:
        records, notes = parse_document(text.path, whole, faults)
    except DataError as error:
        if not remark:
            raise
        raise DataError(f"{error} {remark}") from error
    table = JsonTable(name, text, chunk_rows, records, faults)
    table.notes = notes
    return table


def open_json(name: str, text: TextFile, chunk_rows: int, lines: bool) -> FileTable:
    """The table in a JSON file as the old tool read it; the extension decides where both would do.

    Args:
        name: see ``Table``.
        text: the file.
        chunk_rows: the most records of a chunk.
        lines: whether the extension promises JSON lines.

    Raises:
        DataError: it is neither, or has no records.
    """
    try:
        with closing(text.lines()) as stream:
            start = list(islice(filter(None, (line.strip(BLANK) for line in stream)), 2))
    except LongLineError:
        if lines and text.head.lstrip()[:1] != "[":
            raise
        start = [text.read().strip(BLANK)]  # too long for a record: one document
    if not start:
        raise _blank(text.path)
    first = start[0]
    if len(start) == 1:
        whole = first[0] == "[" or not lines
    else:
        # one value spread over lines: a line of JSON lines does not end in an opening
        spread = not lines or first[0] == "[" or first[-1] in "{[,"
        whole = spread and not is_json(first)
    if not whole:
        return JsonLinesTable(name, text, chunk_rows)
    faults: list[ReadingFault] = []
    records = parse_whole(text.path, text.read(), faults)
    return JsonTable(name, text, chunk_rows, records, faults)


def _blank(path: Path) -> DataError:
    return DataError(f"{path}: holds only blank lines. Expected JSON objects.")


def is_uploadable(table: Table) -> bool:
    """Whether a table's file is what a service takes: UTF-8 JSON lines without anything else."""
    return isinstance(table, JsonLinesTable) and table.is_plain
