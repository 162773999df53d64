"""Choosing the reader for a source."""

from __future__ import annotations

import difflib
import stat
from pathlib import Path

import pandas as pd

from pitchpipe.errors import DataError, UsageError
from pitchpipe.tables.base import FileTable, Table, unreadable
from pitchpipe.tables.delimited import DelimitedTable, LinesTable
from pitchpipe.tables.excel import ExcelTable
from pitchpipe.tables.frames import FrameTable
from pitchpipe.tables.jsonl import open_json
from pitchpipe.tables.parquet import ParquetTable
from pitchpipe.tables.text import UNPACKERS, TextFile

_TEXT = (".csv", ".tsv", ".txt", ".json", ".jsonl")
_BINARY = (".xlsx", ".parquet")


def open_table(
    source: str | Path | pd.DataFrame, *, chunk_rows: int = 10_000, encoding: str | None = None
) -> Table:
    """The table in a file or a DataFrame; reads its first record.

    Files are told apart by their extension: .csv, .tsv, .txt (a prompt a line), .json (an array of
    objects, or columns), .jsonl, each also compressed as .gz, .bz2 or .xz; .xlsx (the first sheet)
    and .parquet. JSON and JSON lines under each other's name are recognised.

    Args:
        source: a file, or the records themselves.
        chunk_rows: the most records of a chunk.
        encoding: of a text file; by default UTF-8, or what its byte order mark says.

    Raises:
        DataError: the file is missing, empty, damaged or of an unknown kind, or has no records.
        UsageError: the encoding is unknown, or ``chunk_rows`` is below 1.
    """
    if chunk_rows < 1:
        raise UsageError(f"chunk_rows must be 1 or more; found {chunk_rows}.")
    if isinstance(source, pd.DataFrame):
        table: Table = FrameTable(source, chunk_rows)
        where = "DataFrame"
    else:
        table = _open_file(Path(source), chunk_rows, encoding)
        where = str(source)
    if not table.has_rows():
        header = f" below the header ({', '.join(table.columns)})" if table.columns else ""
        raise DataError(f"{where}: no rows{header}. Expected at least one; add the data.")
    return table


def _open_file(path: Path, chunk_rows: int, encoding: str | None) -> FileTable:
    _check_file(path)
    inner = path.with_suffix("") if path.suffix.lower() in UNPACKERS else path
    name, kind = inner.stem, inner.suffix.lower()
    if kind not in _TEXT and (inner != path or kind not in _BINARY):
        raise DataError(
            f"{path}: unknown kind of file. Expected a name that ends with "
            f"{', '.join(_TEXT)} (or any of these and {', '.join(UNPACKERS)}), "
            f"{' or '.join(_BINARY)}."
        )
    if kind == ".xlsx":
        return ExcelTable(name, path, chunk_rows)
    if kind == ".parquet":
        return ParquetTable(name, path, chunk_rows)
    text = TextFile(path, encoding)
    if kind == ".txt":
        return LinesTable(name, text, chunk_rows)
    if kind in (".csv", ".tsv"):
        return DelimitedTable(name, text, chunk_rows, "," if kind == ".csv" else "\t")
    return open_json(name, text, chunk_rows, lines=kind == ".jsonl")


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
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
