"""JSON tables: an object a line, or one array of objects."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import islice

from pitchpipe.errors import DataError
from pitchpipe.tables.base import Block, FileTable
from pitchpipe.tables.parsing import (
    BLANK,
    Record,
    by_column,
    is_json,
    parse_line,
    parse_whole,
)
from pitchpipe.tables.text import TextFile


class JsonLinesTable(FileTable):
    """JSON lines: an object a line, blank lines skipped. Only a line feed ends a line.

    Args:
        name: see ``Table``.
        text: the file.
        chunk_rows: the most records of a chunk.
    """

    unit = "line"

    def __init__(self, name: str, text: TextFile, chunk_rows: int) -> None:
        super().__init__(name, text.path, chunk_rows)
        self._text = text
        self._columns: list[str] | None = None

    @property
    def columns(self) -> list[str]:
        """The keys of all records, in the order in which they first appear."""
        if self._columns is None:
            for _ in self._blocks(self._chunk_rows):
                pass
        return list(self._columns or ())

    def _blocks(self, size: int) -> Generator[Block, None, None]:
        seen: dict[str, None] = {}
        with closing(self._records()) as records:
            while block := list(islice(records, size)):
                cells = by_column([record for _, record in block])
                seen.update(dict.fromkeys(cells))
                yield Block([line for line, _ in block], cells)
        self._columns = list(seen)

    def _records(self) -> Generator[tuple[int, Record], None, None]:
        with closing(self._text.lines()) as lines:
            for number, line in enumerate(lines, start=1):
                if bare := line.strip(BLANK):
                    yield number, parse_line(self.path, number, bare)


class JsonTable(FileTable):
    """A JSON array of objects, or an object that holds nothing but one; read as a whole.

    Args:
        name: see ``Table``.
        text: the file.
        chunk_rows: the most records of a chunk.
        records: the objects.
    """

    unit = "record"

    def __init__(
        self, name: str, text: TextFile, chunk_rows: int, records: Sequence[Record]
    ) -> None:
        super().__init__(name, text.path, chunk_rows)
        self._records = records

    @property
    def columns(self) -> list[str]:
        """The keys of all records, in the order in which they first appear."""
        return list(dict.fromkeys(key for record in self._records for key in record))

    def _blocks(self, size: int) -> Generator[Block, None, None]:
        for start in range(0, len(self._records), size):
            records = self._records[start : start + size]
            yield Block(range(start + 1, start + len(records) + 1), by_column(records))


def open_json(name: str, text: TextFile, chunk_rows: int, lines: bool) -> FileTable:
    """The table in a JSON file, told by its content; the extension decides where both would do.

    Args:
        name: see ``Table``.
        text: the file.
        chunk_rows: the most records of a chunk.
        lines: whether the extension promises JSON lines.

    Raises:
        DataError: it is neither, or has no records.
    """
    with closing(text.lines()) as stream:
        start = list(islice(filter(None, (line.strip(BLANK) for line in stream)), 2))
    if not start:
        raise DataError(f"{text.path}: holds only blank lines. Expected JSON objects.")
    first = start[0]
    if len(start) == 1:
        whole = first[0] == "[" or not lines
    else:
        # one value spread over lines: a line of JSON lines does not end in an opening
        spread = not lines or first[0] == "[" or first[-1] in "{[,"
        whole = spread and not is_json(first)
    if not whole:
        return JsonLinesTable(name, text, chunk_rows)
    return JsonTable(name, text, chunk_rows, parse_whole(text.path, text.read()))
