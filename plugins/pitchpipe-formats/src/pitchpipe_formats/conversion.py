"""From one format to another, a chunk at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pitchpipe.errors import DataError, UnknownNameError, UsageError
from pitchpipe.tables import Table, open_table, write_jsonl
from pitchpipe_formats.fields import Record, each
from pitchpipe_formats.formats import FORMATS, KTO, RecordFormat
from pitchpipe_formats.kto import Pairing


@dataclass(frozen=True)
class Converted:
    """What a conversion came to.

    Attributes:
        source_format: what the records were.
        rows_read: how many.
        rows_written: how many there are now.
        unpaired: the places of KTO rows that no other row completes to a pair.
        left_out: columns of the source that are no part of its format, and keys of its turns that
            messages have no place for ("conversations[].id").
        unit: what places count: "line", "row" or "record".
    """

    source_format: str
    rows_read: int
    rows_written: int
    unpaired: tuple[int, ...]
    left_out: tuple[str, ...]
    unit: str


def convert(
    source: str | Path | pd.DataFrame,
    target: str | Path,
    *,
    to: str,
    source_format: str | None = None,
    chunk_rows: int = 10_000,
) -> Converted:
    """Writes the records of a table as records of another format.

    Args:
        source: any table that Pitchpipe reads.
        target: a JSON lines file, which is whole or not there.
        to: the name of a format, as in ``FORMATS``.
        source_format: the same for the source; by default what its columns say.
        chunk_rows: the most rows that are looked at together.

    Raises:
        UsageError: a format is unknown, or does not hold the same kind of thing as the other.
        DataError: a record cannot be read, or something in it has no place in the wanted format;
            names the file, the place and the column.
        WriteError: the target cannot be written.
    """
    wanted = _named(to)
    table = open_table(source, chunk_rows=chunk_rows)
    name = str(table.path or table.name)
    given = _recognised(name, table) if source_format is None else _named(source_format)
    if given.holds != wanted.holds:
        fitting = [f.name for f in FORMATS.values() if f.holds == given.holds]
        raise UsageError(
            f"{name}: {given.name} records are {given.holds}, and {to} records are "
            f"{wanted.holds}. Expected one of {', '.join(fitting)} to convert to."
        )
    pairing, rows, others = Pairing(), 0, dict[str, None]()
    with write_jsonl(Path(target)) as writer:
        for chunk in table.chunks():
            rows += len(chunk)
            others |= dict.fromkeys(str(c) for c in chunk.columns if c not in given.columns)
            others |= dict.fromkeys(given.formatter.left_out(chunk))
            try:
                writer.write(_written(_ours(chunk, given, pairing), wanted))
            except DataError as error:
                raise DataError(f"{name}, {error}") from error
        written = writer.rows
    return Converted(given.name, rows, written, pairing.left, tuple(others), table.unit)


def _ours(chunk: pd.DataFrame, given: RecordFormat, pairing: Pairing) -> pd.DataFrame:
    """The records of a chunk in our format, under the places that they are from."""
    missing = [column for column in given.required if column not in chunk.columns]
    if missing:
        raise DataError(f"{chunk.index.name} {chunk.index[0]}, column {missing[0]!r}: missing.")
    if given.name != KTO:
        known = [column for column in given.columns if column in chunk.columns]
        return given.formatter.apply(chunk[known])
    places, pairs = [], []
    for place, pair in pairing.pairs(chunk):
        places.append(place)
        pairs.append(pair)
    return pd.DataFrame(pairs, pd.Index(places, dtype="int64", name=chunk.index.name), dtype=object)


def _written(records: pd.DataFrame, wanted: RecordFormat) -> Iterator[Mapping[str, Any]]:
    def rows(record: Record) -> Iterable[Record]:
        return list(wanted.write(record))

    for made in each(records, rows):
        yield from made


def _named(name: str) -> RecordFormat:
    if name not in FORMATS:
        raise UnknownNameError("format", name, FORMATS)
    return FORMATS[name]


def _recognised(name: str, table: Table) -> RecordFormat:
    columns = next(table.chunks()).columns
    for known in FORMATS.values():
        if set(known.required) <= set(columns):
            return known
    raise UsageError(
        f"{name}: columns {', '.join(map(repr, columns))} are those of no known format. "
        f"Expected one of: "
        + "; ".join(f"{f.name} ({', '.join(f.required)})" for f in FORMATS.values())
        + ". Rename them, or say which format it is."
    )
