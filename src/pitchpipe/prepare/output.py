"""Records on disk: one file first, then those for training and validation."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import numpy.typing as npt

from pitchpipe.files import atomic

Ints = npt.NDArray[np.integer[Any]]
Bools = npt.NDArray[np.bool_]


class Check(Protocol):
    """Looks at records on their way to the files."""

    def observe(self, here: slice, sizes: Ints) -> None:
        """Hears of some records, by position, with the bytes of each."""

    def conclude(self) -> None:
        """Hears that those were all; may raise."""


_LINE_FEED = 10
_SOME = 20_000


@dataclass(frozen=True)
class Written:
    """Lines that a worker left in a scratch file.

    Attributes:
        path: the file.
        offset: where they begin.
        length: their bytes.
    """

    path: Path
    offset: int
    length: int


def leave(lines: bytes, folder: Path | None, kind: str) -> bytes | Written:
    """Lines as they go to the process that gathers them: themselves, or where they are.

    Args:
        lines: some lines.
        folder: for scratch files, one a thread and kind; None where files are not shared.
        kind: what lines they are.
    """
    if folder is None or not lines:
        return lines
    path = folder / f"{kind}.{os.getpid()}.{threading.get_ident()}"
    with path.open("ab") as stream:
        offset = stream.tell()
        stream.write(lines)
    return Written(path, offset, len(lines))


class Spool:
    """Lines in their order, before it is known where they go: in pieces, in scratch files.

    Args:
        path: a scratch file of its own.

    Attributes:
        rows: how many lines there are.
    """

    def __init__(self, path: Path) -> None:
        self.rows = 0
        self._path = path
        self._pieces: list[Written] = []

    def add(self, lines: bytes | Written, rows: int) -> None:
        """Appends lines."""
        piece = leave(lines, self._path.parent, self._path.name) if type(lines) is bytes else lines
        if isinstance(piece, Written):
            self._pieces.append(piece)
        self.rows += rows

    def clear(self) -> None:
        """Forgets all."""
        for path in {piece.path for piece in self._pieces}:
            path.unlink()
        self._pieces.clear()
        self.rows = 0

    def blocks(self) -> Iterator[tuple[bytes, Ints]]:
        """The lines in blocks, with where each ends in its block."""
        with ExitStack() as stack:
            files: dict[Path, IO[bytes]] = {}
            for piece in self._pieces:
                if piece.path not in files:
                    files[piece.path] = stack.enter_context(piece.path.open("rb"))
                files[piece.path].seek(piece.offset)
                data = files[piece.path].read(piece.length)
                yield data, np.flatnonzero(np.frombuffer(data, np.uint8) == _LINE_FEED) + 1

    def write_ordered(self, order: Ints, out: IO[bytes]) -> None:
        """Writes some lines, by position, in the order given."""
        parts = []
        with self._path.with_name(f"{self._path.name}.whole").open("w+b") as whole:
            for data, ends in self.blocks():
                whole.write(data)
                parts.append(np.diff(ends, prepend=0).astype(np.uint32))
            whole.flush()
            source = whole.fileno()
            sizes = np.concatenate(parts)
            parts.clear()
            stops: Ints = np.cumsum(sizes, dtype=np.uint32 if whole.tell() < 2**32 else np.int64)
            for start in range(0, len(order), _SOME):
                some = order[start : start + _SOME]
                places = zip(
                    sizes[some].tolist(), (stops[some] - sizes[some]).tolist(), strict=True
                )
                # read piece by piece, so that the file does not count as this process's memory
                out.write(b"".join([os.pread(source, size, at) for size, at in places]))


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
        order: the positions of the training records in the order in which they are written; None
            for that of the table.
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
            spool.write_ordered(order, train)
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
