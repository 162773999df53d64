"""Whether a file is still the one that was opened: it is read more than once, by processes too."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, fields
from io import BufferedReader
from pathlib import Path

from pitchpipe.errors import DataError
from pitchpipe.tables.limits import UnpackLimit

_FRESH_NS = 100_000_000  # file systems count times in steps of up to some ten milliseconds


class TableChangedError(DataError):
    """A table's file is not what it was when it was opened."""


@dataclass(frozen=True)
class Identity:
    """What a file system says of a file; each part differs once the file is another.

    Attributes:
        device: the file system that holds it.
        inode: the file's number there.
        size: in bytes.
        modified: when its content was written, in nanoseconds; programs can set it.
        changed: when the system last wrote content or attributes, in nanoseconds.
    """

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, status: os.stat_result) -> Identity:
        """What the status of a file says."""
        return cls(
            status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        )

    def difference(self, later: Identity) -> str:
        """What happened to the file since, as the rest of a sentence; nothing if it is the same."""
        differing = {
            f.name for f in fields(self) if getattr(self, f.name) != getattr(later, f.name)
        }
        if not differing:
            return ""
        if differing & {"device", "inode"}:
            return "another file took its place"
        if "size" in differing:
            return f"its size went from {self.size:,} to {later.size:,} bytes"
        return (
            "it was written to"
            if "modified" in differing
            else "its content or its attributes were written"
        )


@dataclass(frozen=True)
class SourceFile:
    """A file that must stay as it is for as long as it is read; it can be pickled.

    Attributes:
        path: the file.
        identity: what it was when it was first looked at.
        digest: SHA-256 of its bytes, where it had been written a moment before: another write
            within the same step of the clock would not show.
        max_unpacked: how many bytes it may unpack to, where the user says so.
    """

    path: Path
    identity: Identity
    digest: str | None = None
    max_unpacked: int | None = None

    @classmethod
    def of(cls, path: Path, max_unpacked: int | None = None) -> SourceFile:
        """The file as it is now.

        Args:
            path: the file.
            max_unpacked: see the attribute.

        Raises:
            OSError: the system does not let us see it.
        """
        identity = Identity.of(path.stat())
        is_fresh = time.time_ns() - identity.changed < _FRESH_NS
        return cls(path, identity, _digest_of(path.open("rb")) if is_fresh else None, max_unpacked)

    @property
    def unpack_limit(self) -> UnpackLimit:
        """How large its content may become."""
        return UnpackLimit(self.path, self.identity.size, self.max_unpacked)

    def open(self) -> BufferedReader:
        """The file, to be read.

        Raises:
            TableChangedError: it is another than it was.
            OSError: the system does not let us read it.
        """
        try:
            stream = self.path.open("rb")
        except FileNotFoundError as error:
            raise self._changed(f"it was deleted or renamed: {error.strerror}") from error
        try:
            self._compare(os.fstat(stream.fileno()))
        except BaseException:
            stream.close()
            raise
        return stream

    def check(self) -> None:
        """Whether the file is what it was.

        Raises:
            TableChangedError: it is not.
        """
        try:
            status = self.path.stat()
        except FileNotFoundError as error:
            raise self._changed(f"it was deleted or renamed: {error.strerror}") from error
        except OSError as error:
            raise self._changed(f"it cannot be seen any more: {error.strerror}") from error
        self._compare(status)

    def fingerprint(self) -> str:
        """SHA-256 of the bytes, in hexadecimal digits.

        Raises:
            TableChangedError: they are not what they were.
            OSError: the system does not let us read them.
        """
        digest = _digest_of(self.open())
        self.check()
        if self.digest not in (None, digest):
            raise self._changed("it was written to")
        return digest

    def _compare(self, status: os.stat_result) -> None:
        if what := self.identity.difference(Identity.of(status)):
            raise self._changed(what)

    def _changed(self, what: str) -> TableChangedError:
        return TableChangedError(
            f"{self.path}: changed while it was read ({what}). Expected the same content from the "
            "first pass to the last; let whatever writes the file finish, and run again."
        )


def _digest_of(stream: BufferedReader) -> str:
    with stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
