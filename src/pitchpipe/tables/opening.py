"""Choosing the reader for a source."""

from __future__ import annotations

import difflib
import os
import stat
from pathlib import Path

import pandas as pd

from pitchpipe.errors import DataError, UsageError
from pitchpipe.tables.base import FileTable, Table, unreadable
from pitchpipe.tables.delimited import DelimitedTable, LinesTable
from pitchpipe.tables.delimiters import row_end
from pitchpipe.tables.excel import ExcelTable
from pitchpipe.tables.frames import FrameTable
from pitchpipe.tables.identity import SourceFile
from pitchpipe.tables.jsonl import JsonLinesTable, open_document, open_json
from pitchpipe.tables.kinds import EXPECTED, KINDS, LABELS, Kind, Name
from pitchpipe.tables.magic import binary_kind, refuse_inside
from pitchpipe.tables.packing import PACKINGS, packing_of
from pitchpipe.tables.parquet import ParquetTable
from pitchpipe.tables.sniffing import (
    Verdict,
    habits_of,
    has_mixed_line_ends,
    note_conflict,
    sniff,
)
from pitchpipe.tables.text import TextFile

_HEAD = 1024


def open_table(
    source: str | Path | pd.DataFrame,
    *,
    chunk_rows: int = 10_000,
    encoding: str | None = None,
    kind: Kind | None = None,
    by_name: bool = False,
    max_unpacked: int | None = None,
) -> Table:
    """The table in a file or a DataFrame; reads its first record.

    What a file holds is told by its content: JSON lines, one JSON document, delimited text, lines
    of plain text (a prompt a line), an .xlsx workbook (the first sheet) or Parquet, and text also
    compressed by gzip, bzip2 or xz. The extension of its name decides where content leaves a doubt,
    and a conflict between the two is among the table's notes.

    Args:
        source: a file, or the records themselves.
        chunk_rows: the most records of a chunk.
        encoding: of a text file; by default UTF-8, or what its byte order mark says, or
            Windows-1252 where the bytes speak for it.
        kind: what the file is, whatever its name and content say.
        by_name: go by the extension, as ``fine_tunes.prepare_data`` did, except that JSON and JSON
            lines are recognised under each other's name.
        max_unpacked: how many bytes a packed file (compressed text, a workbook, Parquet) may unpack
            to; by default 1 GB, or 50 times its own size where that is more.

    Raises:
        DataError: the file is missing, empty, damaged or of an unknown kind, has no records, or
            is beyond a limit.
        TableChangedError: it changed in the meantime.
        UsageError: the encoding or the kind is unknown, or ``chunk_rows`` is below 1.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(f"unknown kind of file {kind!r}. Expected one of {', '.join(KINDS)}.")
    if chunk_rows < 1:
        raise UsageError(f"chunk_rows must be 1 or more; found {chunk_rows}.")
    if isinstance(source, pd.DataFrame):
        table: Table = FrameTable(source, chunk_rows)
        where = "DataFrame"
    else:
        table = _open_file(Path(source), chunk_rows, encoding, kind, by_name, max_unpacked)
        where = str(source)
    if not table.has_rows():
        header = f" below the header ({', '.join(table.columns)})" if table.columns else ""
        with table.explaining():
            raise DataError(f"{where}: no rows{header}. Expected at least one; add the data.")
    return table


def _open_file(
    path: Path,
    chunk_rows: int,
    encoding: str | None,
    kind: Kind | None,
    by_name: bool,
    max_unpacked: int | None,
) -> FileTable:
    source = _source(path, max_unpacked)
    try:
        return _open_source(source, chunk_rows, encoding, kind, by_name)
    except DataError as error:
        source.check()  # what looks damaged may be half of another file
        raise error


def _open_source(
    source: SourceFile, chunk_rows: int, encoding: str | None, kind: Kind | None, by_name: bool
) -> FileTable:
    path = source.path
    name = Name.of(path)
    if by_name and kind is None:
        return _open_by_name(source, name, chunk_rows, encoding)
    head = _head(source)
    packing = packing_of(head)
    if packing is None and name.packing and kind is None:
        if name.kind in (None, "xlsx", "parquet"):
            raise DataError(f"{path}: unknown kind of file. Expected {EXPECTED}.")
        packing = name.packing
    binary = None if packing else _binary_kind(path, head, kind)
    if binary is not None:
        table = _open_binary(name, source, chunk_rows, binary)
        notes = () if kind else note_conflict(path, name, binary)
        if encoding:
            notes += (f"--encoding {encoding} is ignored: {path.name} holds {LABELS[binary]}.",)
        table.notes = (*notes, *table.notes)
        return table
    text = TextFile(source, encoding, packing)
    if packing:
        with PACKINGS[packing].opened(path) as stream:
            refuse_inside(path, stream.read(_HEAD))
    verdict = Verdict(kind) if kind else sniff(text, name)
    notes = verdict.notes
    if packing and name.packing != packing:
        notes = (f"{path.name} is compressed by {PACKINGS[packing].label}.", *notes)
    if verdict.kind in ("xlsx", "parquet"):  # by its name alone: it says what is wrong
        return _open_binary(name, source, chunk_rows, verdict.kind)
    table = _open_text(name.stem, text, chunk_rows, verdict, guarded=kind is None)
    table.notes = (*text.notes, *notes, *table.notes)
    return table


def _binary_kind(path: Path, head: bytes, kind: Kind | None) -> Kind | None:
    """Which binary format a file that is not compressed has, None for text.

    Raises:
        DataError: it is none that is read, or not what it was said to be.
    """
    found = binary_kind(path, head)
    if kind is None:
        return found
    if kind in ("xlsx", "parquet"):
        return kind
    if found is not None:
        raise DataError(
            f"{path}: holds {LABELS[found]}, which --input-kind {kind} cannot read. "
            f"Leave --input-kind out, or pass --input-kind {found}."
        )
    return None


def _open_binary(name: Name, source: SourceFile, chunk_rows: int, kind: Kind) -> FileTable:
    if kind == "xlsx":
        return ExcelTable(name.stem, source, chunk_rows)
    return ParquetTable(name.stem, source, chunk_rows)


def _open_text(
    name: str, text: TextFile, chunk_rows: int, verdict: Verdict, guarded: bool
) -> FileTable:
    if verdict.kind in ("csv", "tsv"):
        text.newline = row_end(text.head)
        mark = "," if verdict.kind == "csv" else "\t"
        return DelimitedTable(name, text, chunk_rows, mark)
    if verdict.kind == "lines":
        return LinesTable(name, text, chunk_rows, guarded=guarded)
    if verdict.kind == "json":
        return open_document(name, text, chunk_rows, verdict.remark)
    if has_mixed_line_ends(text):
        text.any_line_end = True
        text.notes += (f"Lines of {text.path.name} end in several ways; all of them count.",)
    if not text.head.strip():
        return open_document(name, text, chunk_rows)
    return JsonLinesTable(name, text, chunk_rows, habits_of(text), verdict.remark)


def _open_by_name(
    source: SourceFile, name: Name, chunk_rows: int, encoding: str | None
) -> FileTable:
    path = source.path
    kinds = {".csv", ".tsv", ".txt", ".json", ".jsonl"} | (
        set() if name.packing else {".xlsx", ".parquet"}
    )
    if name.ending not in kinds:
        raise DataError(f"{path}: unknown kind of file. Expected {EXPECTED}.")
    if name.ending == ".xlsx":
        return ExcelTable(name.stem, source, chunk_rows, exact=True)
    if name.ending == ".parquet":
        return ParquetTable(name.stem, source, chunk_rows)
    text = TextFile(source, encoding, name.packing, exact=True)
    if name.ending == ".txt":
        return LinesTable(name.stem, text, chunk_rows)
    if name.ending in (".csv", ".tsv"):
        mark = "," if name.ending == ".csv" else "\t"
        return DelimitedTable(name.stem, text, chunk_rows, mark, exact=True)
    return open_json(name.stem, text, chunk_rows, lines=name.ending == ".jsonl")


def _head(source: SourceFile) -> bytes:
    try:
        with source.open() as stream:
            return stream.read(_HEAD)
    except OSError as error:
        raise unreadable(source.path, error) from error


def _source(path: Path, max_unpacked: int | None) -> SourceFile:
    """The file, after a look at whether it is one.

    Raises:
        DataError: it is none that can be read more than once; says what it is.
    """
    _check_file(path)
    try:
        return SourceFile.of(path, max_unpacked)
    except OSError as error:
        raise unreadable(path, error) from error


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
    except ValueError as error:  # such as a NUL, which no name can hold
        raise DataError(
            f"{str(path)!r}: is not a name that a file can have ({error}). "
            "Expected the path of a file; correct it."
        ) from None
    except FileNotFoundError:
        if path.is_symlink():
            raise DataError(
                f"{path}: is a link to {os.readlink(path)}, which is not there. "
                "Expected a file; correct the link, or name the file."
            ) from None
        raise DataError(f"{path}: no such file. {_neighbour(path)}") from None
    except OSError as error:
        raise unreadable(path, error) from error
    if stat.S_ISDIR(status.st_mode):
        raise DataError(f"{path}: is a folder. Expected a file; name one in it.")
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{path}: cannot be read twice. Expected a file; save the data in one.")
    if not status.st_size:
        raise DataError(f"{path}: is empty. Expected at least one record; add the data.")


def _neighbour(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return f"Nor is there a folder {path.parent}; check the path."
    close = difflib.get_close_matches(path.name, names, n=1)
    return f"Did you mean {close[0]}?" if close else "Check its name and folder."
