"""How much of a table is taken into memory, and how large what is packed may become.

No limit here is anywhere near what tables of texts for training hold: each ends the reading of a
file that would otherwise take memory or time out of all proportion to its size.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pitchpipe.errors import DataError
from pitchpipe.sizes import shown_size

MAX_COLUMNS = 10_000
"""How many columns a table may have; in JSON, how many different keys its records."""

MAX_RECORD_BYTES = 1 << 26
"""How long a line, a delimited row or a row of a binary table may be."""

MAX_DOCUMENT_BYTES = 1 << 30
"""How long one JSON document may be, which is read as a whole."""

MAX_CHUNK_CELLS = 1 << 22
"""How many cells a chunk may have; it has fewer rows where that many columns are."""

MAX_CHUNK_TEXT = 1 << 26
"""After how many characters a chunk ends, however few rows it has."""

LEAST_UNPACKED = 1_000_000_000
"""How many bytes any packed file may unpack to."""

MAX_RATIO = 50
"""How many times its own size a packed file may unpack to, where that is more."""


@dataclass(frozen=True)
class UnpackLimit:
    """How large a packed file may become: compressed text, a workbook or Parquet.

    Attributes:
        path: the file, for messages.
        packed: its own size, in bytes.
        given: the limit that the user gave (``--max-unpacked``); None for the one that follows
            from the file's size.
    """

    path: Path
    packed: int
    given: int | None = None

    @property
    def size(self) -> int:
        """The limit, in bytes."""
        return max(LEAST_UNPACKED, MAX_RATIO * self.packed) if self.given is None else self.given

    def check(self, unpacked: int, where: str = "") -> None:
        """Whether so many bytes are within the limit.

        Args:
            unpacked: how many there are, as far as is known.
            where: the place in the file that this is known at ("row 7").

        Raises:
            DataError: they are not; names the file, the sizes and the flag.
        """
        if unpacked <= self.size:
            return
        place = f"{self.path}: {where}" if where else f"{self.path}"
        rule = (
            f"that or less, as --max-unpacked ({shown_size(self.given)}) says"
            if self.given is not None
            else f"{shown_size(LEAST_UNPACKED)}, or {MAX_RATIO} times the packed size"
        )
        raise DataError(
            f"{place}: the packed data ({shown_size(self.packed)}) unpacks to more than "
            f"{self.size:,} bytes. Expected at most {rule}. If you trust the file, "
            f"pass --max-unpacked {_rounded_up(max(2 * self.size, unpacked))} "
            "(data.max_unpacked in the configuration)."
        )


def _rounded_up(size: int) -> str:
    """A size in whole units, as the flag takes it, and no smaller."""
    unit, name = (10**9, "GB") if size >= 10**9 else (10**6, "MB")
    return f"{-(-size // unit)}{name}"


def check_width(where: str, columns: int) -> None:
    """Whether a table has no more columns than can be read.

    Args:
        where: what to begin the message with ("rows.csv: line 1").
        columns: how many there are.

    Raises:
        DataError: there are too many.
    """
    if columns > MAX_COLUMNS:
        raise DataError(
            f"{where}: there are {columns:,} columns. Expected at most {MAX_COLUMNS:,}; leave out "
            "the columns that hold neither prompts nor answers."
        )


def too_many_keys(where: str) -> DataError:
    """The error for records with ever new keys.

    Args:
        where: the place of the record that brings one too many ("rows.jsonl: line 3").
    """
    return DataError(
        f"{where}: the records up to here have more than {MAX_COLUMNS:,} different keys. Expected "
        "the same few keys in every record; move what varies from the keys into values, or delete "
        "the keys that hold neither prompts nor answers."
    )


def too_long(where: str, what: str, advice: str) -> DataError:
    """The error for a record beyond the limit.

    Args:
        where: its place ("rows.csv: line 3").
        what: what is too long ("the line").
        advice: what to do, a clause.
    """
    return DataError(
        f"{where}: {what} is longer than {MAX_RECORD_BYTES:,} bytes ({MAX_RECORD_BYTES >> 20} MiB)."
        f" Expected at most that; {advice}."
    )
