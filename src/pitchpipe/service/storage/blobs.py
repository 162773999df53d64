"""Bytes and folders that the service keeps beside its database, under names of its own making."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pitchpipe.files import atomic, sync_folder
from pitchpipe.service.storage.errors import naming
from pitchpipe.service.storage.layout import Layout, close_all

_PIECE = 1 << 20

Buffer = bytes | memoryview
"""Bytes, wherever they lie."""


@dataclass(frozen=True)
class Joined:
    """Contents that are kept already, to become one.

    Attributes:
        keys: theirs, in order.
        size: bytes of all of them.
    """

    keys: Sequence[str]
    size: int

    def __len__(self) -> int:
        return self.size


class Blobs:
    """File contents, saved models and locks in one folder.

    Keys are ids that the service gave; nothing a client wrote becomes a path.

    Args:
        layout: says where; its folders are there.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._presence: int | None = None

    def write(self, key: str, content: Buffer | Joined) -> None:
        """Keeps the bytes; they are on disk when this returns.

        Raises:
            StorageError: there is no room.
        """
        path = self._layout.file(key)
        with naming(path), atomic(path, "wb", private=True) as stream:
            if isinstance(content, Joined):
                for part in content.keys:
                    stream.writelines(self.pieces(part))
            else:
                stream.write(content)

    def pieces(self, key: str) -> Iterator[bytes]:
        """The bytes, a megabyte at a time.

        Raises:
            FileNotFoundError: there are none.
        """
        with self._layout.file(key).open("rb") as stream:
            while piece := stream.read(_PIECE):
                yield piece

    def read(self, key: str) -> bytes:
        """The bytes.

        Raises:
            FileNotFoundError: there are none.
        """
        return self._layout.file(key).read_bytes()

    def drop(self, key: str) -> None:
        """Forgets the bytes."""
        self._layout.file(key).unlink(missing_ok=True)

    def model(self, key: str) -> Path:
        """The folder of a saved model."""
        return self._layout.model(key)

    def save_model(self, key: str, save: Callable[[Path], None]) -> None:
        """Keeps what ``save`` writes into the empty folder it is given, in place of what was.

        Raises:
            StorageError: it cannot be written; what was written of it is gone, to make room.
        """
        final, partial = self._layout.model(key), self._layout.unfinished_model(key)
        with naming(final):
            shutil.rmtree(partial, ignore_errors=True)
            try:
                partial.mkdir(0o700)
                save(partial)
                close_all(partial)
                shutil.rmtree(final, ignore_errors=True)
                partial.rename(final)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
            sync_folder(self._layout.models)

    def drop_model(self, key: str) -> None:
        """Forgets a saved model."""
        shutil.rmtree(self.model(key), ignore_errors=True)

    @contextlib.contextmanager
    def claim(self, key: str, *, wait: bool = False) -> Iterator[bool]:
        """Whether this thread, of all threads and processes, may work on something now.

        The claim ends with the block, or with the process, however that ends.

        Args:
            key: an id of the service, with ".worker" behind it for the claim of a worker.
            wait: wait for the claim instead of answering False.
        """
        with _locked(self._layout.lock(key), fcntl.LOCK_EX, wait=wait) as mine:
            yield mine

    @contextlib.contextmanager
    def going_on(self) -> Iterator[bool]:
        """Whether work may go on now, that is, nobody has halted it; nobody does in the block."""
        with _locked(self._layout.working(), fcntl.LOCK_SH, wait=False) as admitted:
            yield admitted

    @contextlib.contextmanager
    def halted(self) -> Iterator[None]:
        """Waits until no work goes on, in any process; as long as the block lasts, none does."""
        with _locked(self._layout.working(), fcntl.LOCK_EX, wait=True):
            yield

    @contextlib.contextmanager
    def opening(self) -> Iterator[bool]:
        """Whether nobody else has the folder open; in the block, nobody else opens it.

        After the block it counts as open, until ``close`` or the end of the process.

        Raises:
            StorageError: the folder cannot be written to.
        """
        path = self._layout.opening()
        with naming(path), _locked(path, fcntl.LOCK_EX, wait=True):
            presence = _open(self._layout.presence())
            try:
                yield _lock(presence, fcntl.LOCK_EX, wait=False)
                _lock(presence, fcntl.LOCK_SH, wait=True)
            except BaseException:
                os.close(presence)
                raise
            self._presence = presence

    def close(self) -> None:
        """The folder no longer counts as open here."""
        if self._presence is not None:
            os.close(self._presence)
            self._presence = None

    # --- all of it --------------------------------------------------------------------------------

    def clear(self) -> None:
        """Forgets all bytes and all saved models."""
        for kept in self._kept:
            shutil.rmtree(kept)
            kept.mkdir(0o700)

    def save(self, folder: Path) -> None:
        """Keeps all bytes and all saved models in another folder as well, which is made."""
        for kept in self._kept:
            _copy(kept, folder / kept.name)

    def load(self, folder: Path) -> None:
        """Replaces all bytes and all saved models by what ``save`` kept."""
        for kept in self._kept:
            coming = kept.with_name(f".{kept.name}")
            shutil.rmtree(coming, ignore_errors=True)
            _copy(folder / kept.name, coming)
            shutil.rmtree(kept)
            coming.rename(kept)

    @property
    def _kept(self) -> tuple[Path, Path]:
        return self._layout.files, self._layout.models


@contextlib.contextmanager
def _locked(path: Path, how: int, *, wait: bool) -> Iterator[bool]:
    descriptor = _open(path)
    try:
        yield _lock(descriptor, how, wait=wait)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    with naming(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not os.fstat(descriptor).st_mode & 0o600:  # the umask takes away all
            os.fchmod(descriptor, 0o600)
        return descriptor


def _lock(descriptor: int, how: int, *, wait: bool) -> bool:
    try:
        fcntl.flock(descriptor, how | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    """Copies a folder; its files are never changed in place, and shared where they can be."""
    # what begins with a dot is not finished yet
    shutil.copytree(source, target, copy_function=_link, ignore=shutil.ignore_patterns(".*"))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # the file system has no links, or no more of them
        with naming(Path(target)):
            shutil.copy(source, target)
