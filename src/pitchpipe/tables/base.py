"""What every table has in common, whatever it is read from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pitchpipe.errors import DataError
from pitchpipe.tables.faults import ReadingFault, attach, refuse
from pitchpipe.tables.identity import SourceFile
from pitchpipe.tables.limits import check_width


@dataclass(frozen=True)
class Block:
    """A few consecutive records, by column.

    Attributes:
        locators: where each record starts, in the table's unit, counted from 1.
        cells: the values of each column, one a record; None is missing.
        faults: what was lost when they were read.
    """

    locators: Sequence[int]
    cells: Mapping[str, Sequence[object]]
    faults: Sequence[ReadingFault] = ()

    def frame(self, unit: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The records as a chunk.

        Args:
            unit: what locators count.
            columns: those that it is to have; by default all there are.
        """
        names = list(self.cells) if columns is None else list(columns)
        # new cells of a numpy array of objects are None; pandas keeps a column in one row
        cells = np.empty((len(names), len(self.locators)), dtype=object)
        for position, name in enumerate(names):
            if name in self.cells:
                cells[position, :] = self.cells[name]
        frame = pd.DataFrame(
            cells.T,
            columns=pd.Index(names, dtype=object),
            index=pd.Index(np.asarray(self.locators, dtype="int64"), name=unit),
            dtype=object,
            copy=False,
        )
        attach(frame, self.faults)
        return frame


class Segment(ABC):
    """Some consecutive records of a table; it can be pickled and read in another process."""

    @abstractmethod
    def chunks(self) -> Iterator[pd.DataFrame]:
        """The records in order, as ``Table.chunks`` gives them.

        Raises:
            DataError: a record cannot be read; names the file and the place.
        """


@dataclass(frozen=True)
class Loaded(Segment):
    """Records that have been read already."""

    chunk: pd.DataFrame

    def chunks(self) -> Iterator[pd.DataFrame]:
        """The one chunk."""
        yield self.chunk


class Table(ABC):
    """Records that can be read any number of times, in chunks.

    Attributes:
        name: stem for the names of files made from this table.
        path: the file, or None for a DataFrame.
        unit: what locators count: "line", "row" or "record".
        notes: what there is to say about how it is read, in sentences.
    """

    unit: str
    notes: tuple[str, ...] = ()

    def __init__(self, name: str, path: Path | None, chunk_rows: int) -> None:
        self.name = name
        self.path = path
        self._chunk_rows = chunk_rows

    @contextmanager
    def explaining(self) -> Generator[None, None, None]:
        """Adds to an error what there is to say about how the table is read."""
        try:
            yield
        except DataError as error:
            if self.notes:
                error.args = (" ".join((str(error), *self.notes)), *error.args[1:])
            raise

    @property
    @abstractmethod
    def columns(self) -> list[str]:
        """The names of all columns, in the order in which they appear.

        In JSON lines any record may bring a new key, so the first use there reads the whole file
        once, unless ``chunks`` has already been read to the end.
        """

    @abstractmethod
    def fingerprint(self) -> str:
        """SHA-256 of the content, in hexadecimal digits: of a file's bytes as they are on disk."""

    def check_unchanged(self) -> None:
        """Whether the table is still what it was when it was opened.

        Raises:
            TableChangedError: its file was written to, replaced or deleted.
        """
        return

    @abstractmethod
    def _blocks(self, size: int) -> Generator[Block, None, None]:
        """The records in order, from 1 to ``size`` a block."""

    def chunks(
        self, columns: Sequence[str] | None = None, *, faulty: bool = False
    ) -> Iterator[pd.DataFrame]:
        """The records in order, in frames of object dtype.

        The index, named after the unit, says where each record starts in the source, from 1. Text
        is ``str``, a missing cell is None, other values are Python objects.

        Args:
            columns: the columns that every chunk is to have, filled with None where a record lacks
                one. By default a chunk has those that its own records have: the same in every
                chunk, except for JSON, where a key may first appear in a later one.
            faulty: whether records of which reading loses something are given as well, for
                validators to report; by default they are an error.

        Raises:
            DataError: a record cannot be read; names the file and the place.
            TableChangedError: the file changed since it was opened.
        """
        for block in self._blocks(self._chunk_rows):
            if not faulty:
                refuse(f"{self.path or self.name}: {self.unit}", block.faults)
            yield block.frame(self.unit, columns)
        self.check_unchanged()

    def segments(self) -> Iterator[Segment]:
        """The records in order, in pieces that can be pickled and read elsewhere.

        Pieces of a text file are read where their chunks are; what cannot be cut without reading
        it is read here. Validators report the records of which reading loses something.
        """
        for chunk in self.chunks(faulty=True):
            yield Loaded(chunk)

    def has_rows(self) -> bool:
        """Whether there is any record; reads the first."""
        blocks = self._blocks(1)
        with closing(blocks):
            return any(block.locators for block in blocks)


class FileTable(Table):
    """A table read from a file.

    Args:
        name: see ``Table``.
        source: the file, as it was when it was opened.
        chunk_rows: the most records of a chunk.
    """

    path: Path

    def __init__(self, name: str, source: SourceFile, chunk_rows: int) -> None:
        super().__init__(name, source.path, chunk_rows)
        self._source = source

    def fingerprint(self) -> str:
        """SHA-256 of the file's bytes, in hexadecimal digits.

        Raises:
            TableChangedError: they are not those that were read.
        """
        try:
            return self._source.fingerprint()
        except OSError as error:
            raise unreadable(self.path, error) from error

    def check_unchanged(self) -> None:
        """Whether the file is still what it was when it was opened.

        Raises:
            TableChangedError: it was written to, replaced or deleted.
        """
        self._source.check()


def unreadable(path: Path, error: OSError) -> DataError:
    """The error for a file that the system does not let us read."""
    return DataError(
        f"{path}: cannot be read: {error.strerror or error}. "
        "Expected a file that you may read; check its name and permissions."
    )


def named(header: Sequence[str]) -> list[str]:
    """The names in a header; a column without one, such as an index, is named as pandas does."""
    return [name if name.strip() else f"Unnamed: {at}" for at, name in enumerate(header)]


def stripped(header: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """The names in a header without the blanks around them, and what there is to say about that."""
    bare = [name.strip() for name in header]
    padded = [repr(name) for name, kept in zip(header, bare, strict=True) if name != kept]
    if not padded:
        return bare, ()
    return bare, (f"Blanks around names of columns are left out: {', '.join(padded)}.",)


def check_names(where: str, names: Sequence[str]) -> None:
    """Whether every column has a name of its own.

    Args:
        where: what to begin the message with ("rows.csv: line 1").
        names: the columns, in order.

    Raises:
        DataError: a name is empty or occurs twice, or there are too many; gives the columns'
            positions.
    """
    check_width(where, len(names))
    seen: dict[str, int] = {}
    for position, name in enumerate(names, start=1):
        if not name.strip():
            raise DataError(
                f"{where}: column {position} has no name. "
                "Expected a name for every column; add one, or delete the column."
            )
        if name in seen:
            raise DataError(
                f"{where}: columns {seen[name]} and {position} are both called {name!r}. "
                "Expected different names; rename one of them."
            )
        seen[name] = position
