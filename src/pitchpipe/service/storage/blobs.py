"""Bytes and folders that the service keeps beside its database, under names of its own making."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pitchpipe.files import atomic, sync_folder

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")
"""What ids of the service look like: each is one name in a folder, and none leads out of it."""

_WORK = ".work"  # shared by whoever works
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
        folder: where to keep them; made if missing.
    """

    def __init__(self, folder: Path) -> None:
        self._files = folder / "files"
        self._models = folder / "models"
        self._locks = folder / "locks"
        for path in (self._files, self._models, self._locks):
            path.mkdir(parents=True, exist_ok=True)

    def write(self, key: str, content: Buffer | Joined) -> None:
        """Keeps the bytes; they are on disk when this returns.

        Raises:
            WriteError: there is no room.
        """
        with atomic(_within(self._files, key), "wb") as stream:
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
        with _within(self._files, key).open("rb") as stream:
            while piece := stream.read(_PIECE):
                yield piece

    def read(self, key: str) -> bytes:
        """The bytes.

        Raises:
            FileNotFoundError: there are none.
        """
        return _within(self._files, key).read_bytes()

    def drop(self, key: str) -> None:
        """Forgets the bytes."""
        _within(self._files, key).unlink(missing_ok=True)

    def model(self, key: str) -> Path:
        """The folder of a saved model."""
        return _within(self._models, key)

    def save_model(self, key: str, save: Callable[[Path], None]) -> None:
        """Keeps what ``save`` writes into the empty folder it is given, in place of what was."""
        final, partial = self.model(key), self._models / f".{key}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        save(partial)
        shutil.rmtree(final, ignore_errors=True)
        partial.rename(final)
        sync_folder(self._models)

    def drop_model(self, key: str) -> None:
        """Forgets a saved model."""
        shutil.rmtree(self.model(key), ignore_errors=True)

    @contextlib.contextmanager
    def claim(self, key: str, *, wait: bool = False) -> Iterator[bool]:
        """Whether this thread, of all threads and processes, may work on something now.

        The claim ends with the block, or with the process, however that ends.

        Args:
            key: an id of the service.
            wait: wait for the claim instead of answering False.
        """
        with self._locked(_within(self._locks, key), fcntl.LOCK_EX, wait=wait) as mine:
            yield mine

    @contextlib.contextmanager
    def going_on(self) -> Iterator[bool]:
        """Whether work may go on now, that is, nobody has halted it; nobody does in the block."""
        with self._locked(self._locks / _WORK, fcntl.LOCK_SH, wait=False) as admitted:
            yield admitted

    @contextlib.contextmanager
    def halted(self) -> Iterator[None]:
        """Waits until no work goes on, in any process; as long as the block lasts, none does."""
        with self._locked(self._locks / _WORK, fcntl.LOCK_EX, wait=True):
            yield

    @contextlib.contextmanager
    def _locked(self, path: Path, how: int, *, wait: bool) -> Iterator[bool]:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, how | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    # --- all of it --------------------------------------------------------------------------------

    def clear(self) -> None:
        """Forgets all bytes and all saved models."""
        for kept in (self._files, self._models):
            shutil.rmtree(kept)
            kept.mkdir()

    def save(self, folder: Path) -> None:
        """Keeps all bytes and all saved models in another folder as well, which is made."""
        for kept in (self._files, self._models):
            _copy(kept, folder / kept.name)

    def load(self, folder: Path) -> None:
        """Replaces all bytes and all saved models by what ``save`` kept."""
        for kept in (self._files, self._models):
            coming = kept.with_name(f".{kept.name}")
            shutil.rmtree(coming, ignore_errors=True)
            _copy(folder / kept.name, coming)
            shutil.rmtree(kept)
            coming.rename(kept)


def _within(folder: Path, key: str) -> Path:
    """Where a key is kept in a folder.

    Raises:
        FileNotFoundError: it is no id of the service.
    """
    if not _ID.fullmatch(key):
        raise FileNotFoundError(f"{key!r} is no id of the service")
    return folder / key


def _copy(source: Path, target: Path) -> None:
    """Copies a folder; its files are never changed in place, and shared where they can be."""
    # what begins with a dot is not finished yet
    shutil.copytree(source, target, copy_function=_link, ignore=shutil.ignore_patterns(".*"))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # the file system has no links, or no more of them
        shutil.copyfile(source, target)
