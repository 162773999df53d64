"""Records on disk: one file first, then those for training and validation."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import numpy.typing as npt

from pitchpipe.files import atomic, temporary, writing

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Check(Protocol):
    """Looks at records on their way to the files."""

    def observe(self, here: slice, sizes: Ints) -> None:
        """Hears of some records, by position, with the bytes of each."""

    def conclude(self) -> None:
        """Hears that those were all; may raise."""


_BLOCK = 1 << 20
_SOME = 20_000


class Spool:
    """All records in the order of the table, before it is known which are held out.

    Attributes:
        rows: how many there are.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self.rows = 0
        self._stream = stream

    def add(self, lines: bytes, rows: int) -> None:
        """Appends records."""
        self._stream.write(lines)
        self.rows += rows

    def clear(self) -> None:
        """Forgets all."""
        self._stream.seek(0)
        self._stream.truncate()
        self.rows = 0

    def blocks(self) -> Iterator[tuple[bytes, Ints]]:
        """The records in blocks, with where each ends in its block."""
        self._stream.flush()
        self._stream.seek(0)
        rest = b""
        while data := self._stream.read(_BLOCK):
            data = rest + data if rest else data
            ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10) + 1
            whole = int(ends[-1]) if len(ends) else 0
            rest = data[whole:]
            if whole:
                yield data[:whole], ends

    def write_ordered(self, order: Ints, out: IO[bytes]) -> None:
        """Writes some records, by position, in the order given."""
        sizes = [np.diff(ends, prepend=0) for _, ends in self.blocks()]
        stops = np.cumsum(np.concatenate(sizes))
        with mmap.mmap(self._stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for start in range(0, len(order), _SOME):
                some = order[start : start + _SOME]
                starts = np.where(some > 0, stops[some - 1], 0)
                pairs = zip(starts.tolist(), stops[some].tolist(), strict=True)
                out.write(b"".join([data[a:b] for a, b in pairs]))


@contextmanager
def spooled(beside: Path) -> Iterator[Spool]:
    """A spool, gone when the block ends; its name is that of an unfinished ``beside``.

    Raises:
        WriteError: the folder cannot be written to, or the disk is full.
    """
    path = temporary(beside)
    made = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    with writing(beside, path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x+b") as stream:
                yield Spool(stream)
        finally:
            path.unlink(missing_ok=True)
            for folder in made:
                with suppress(OSError):  # something has been written there
                    folder.rmdir()


def distribute(
    spool: Spool,
    valid: Bools,
    order: Ints | None,
    targets: tuple[Path, Path | None] | None,
    check: Check,
) -> None:
    """Writes the records for training and those for validation; both files, or none.

    Args:
        spool: all records.
        valid: which are held out.
        order: the positions of all records in the order in which training records are written;
            None for that of the table.
        targets: the two files, the second None where nothing is held out; None to write nothing.
        check: sees every record before any file is there; what it raises leaves none.
    """
    with ExitStack() as stack:
        train = stack.enter_context(atomic(targets[0], "wb")) if targets else None
        held_out = targets[1] if targets else None
        valid_file = stack.enter_context(atomic(held_out, "wb")) if held_out else None
        done = 0
        for data, ends in spool.blocks():
            here = slice(done, done + len(ends))
            done = here.stop
            check.observe(here, np.diff(ends, prepend=0))
            _write_runs(data, ends, valid[here], train if order is None else None, valid_file)
        if order is not None and train:
            spool.write_ordered(order[~valid[order]], train)
        check.conclude()


def write_changes(spool: Spool, uniform: Iterable[bytes], path: Path) -> None:
    """Writes a change log: first what was done to every row, then the rest row by row."""
    with atomic(path, "wb") as stream:
        stream.write(b"".join(uniform))
        for data, _ in spool.blocks():
            stream.write(data)


def _write_runs(
    data: bytes, ends: Ints, sides: Bools, train: IO[Any] | None, valid: IO[Any] | None
) -> None:
    turns = np.flatnonzero(np.diff(sides)) + 1
    stops = [*ends[turns - 1].tolist(), int(ends[-1])]
    begins = [0, *turns.tolist()]
    start = 0
    for first, stop in zip(begins, stops, strict=True):
        out = valid if sides[first] else train
        if out:
            out.write(memoryview(data)[start:stop])
        start = stop
