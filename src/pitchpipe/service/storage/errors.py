"""What goes wrong with a data folder, in words for whoever runs the service."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from pitchpipe.errors import PitchpipeError
from pitchpipe.files import WriteError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Numbers of system errors that mean that no more bytes fit."""

RETRY_SECONDS = 1
"""Seconds after which a request to a locked database may be sent again."""

_SPACE = "Free some space on its disk."
_ACCESS = "Make it and all that is in it readable and writable for the user who runs the service."
_DAMAGED = "Put a copy of the whole folder back, or choose another folder."


class StorageError(PitchpipeError):
    """The data folder cannot be used; names the file, what is wrong with it, and what to do.

    Attributes:
        status: the HTTP status of a request that fails because of it.
        code: the reason for a program, in the answer to that request.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str | None] = None


class BusyError(StorageError):
    """Another process has locked the database for longer than anybody waits."""

    status = 503
    code = "database_locked"

    @classmethod
    def of(cls, path: Path) -> BusyError:
        """The error for a database."""
        return cls(f"{path}: another process has locked the database. Try again later.")


class FullError(StorageError):
    """No more bytes fit on the disk. RFC 4918, 11.5: whoever is told 507 does not ask again."""

    status = 507
    code = "insufficient_storage"


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """What goes wrong in the block with a file or a folder is a ``StorageError`` that names it.

    Raises:
        StorageError: the system or SQLite refused something.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _of_database(path, error) from error
    except WriteError as error:
        cause = error.__cause__
        number = cause.errno if isinstance(cause, OSError) else None
        raise (FullError if number in FULL else StorageError)(str(error)) from error
    except OSError as error:
        raise _of_system(path, error) from error


def _of_database(path: Path, error: sqlite3.Error) -> StorageError:
    name = getattr(error, "sqlite_errorname", "") or ""
    match name.split("_")[1:2]:
        case ["BUSY" | "LOCKED"]:
            return BusyError.of(path)
        case ["FULL"]:
            return FullError(
                f"{path}: cannot be written: No space left on device ({error}). {_SPACE}"
            )
        case ["CANTOPEN"] if path.is_dir():
            return StorageError(f"{path}: is a folder, but a database is expected. {_DAMAGED}")
        case ["READONLY" | "CANTOPEN" | "PERM" | "AUTH"]:
            return StorageError(f"{path}: cannot be opened for writing: {error}. {_ACCESS}")
        case ["NOTADB" | "CORRUPT"]:
            return damaged(path, str(error))
        case _:
            return StorageError(f"{path}: the database failed: {error}.")


def _of_system(path: Path, error: OSError) -> StorageError:
    name, reason = error.filename or path, error.strerror or str(error)
    if error.errno in FULL:
        return FullError(f"{name}: cannot be written: {reason}. {_SPACE}")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StorageError(f"{name}: cannot be written: {reason}. {_ACCESS}")
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return StorageError(f"{name}: is a file, but a folder is expected. Choose another folder.")
    return StorageError(f"{name}: cannot be used: {reason}.")


def damaged(path: Path, reason: str) -> StorageError:
    """The error for a database that cannot be trusted.

    Args:
        path: the database.
        reason: what is wrong with it.
    """
    return StorageError(f"{path}: the database is damaged: {reason}. {_DAMAGED}")
