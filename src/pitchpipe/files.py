"""Writing files that are whole or not there."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import secrets
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any, Literal

from pitchpipe.errors import BudgetError, DataError, PitchpipeError, UsageError


class WriteError(PitchpipeError):
    """A file could not be written; what stood under its name before still stands there."""


@contextlib.contextmanager
def atomic(
    path: Path, mode: Literal["w", "wb"] = "w", *, private: bool = False
) -> Iterator[IO[Any]]:
    """A file to write to, which gets its name only when all of it is on disk.

    Text is UTF-8 with line feeds. Missing parent folders are made. When the block raises, nothing
    is left behind.

    Args:
        path: the final name.
        mode: "w" for text, "wb" for bytes.
        private: whether the file is closed to other users from the moment it is there, whatever
            the umask.

    Raises:
        WriteError: the folder cannot be written to, the disk is full, or what has that name is not
            a file.
    """
    unfinished = temporary(path)
    encoding, newline = (None, None) if mode == "wb" else ("utf-8", "\n")
    with writing(path, unfinished):
        if path.exists() and not path.is_file():
            raise WriteError(f"{path}: is not a file and is left alone. Choose another name.")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(
                unfinished,
                mode.replace("w", "x"),
                encoding=encoding,
                newline=newline,
                opener=_open_private if private else None,
            ) as stream:
                fcntl.flock(stream, fcntl.LOCK_EX)  # so that nobody takes it for a left-over
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        sync_folder(path.parent)


def check_folder(path: Path) -> None:
    """Whether a folder can have this name, be it there or not.

    Raises:
        UsageError: no file system takes the name.
    """
    try:
        # a path is looked up no further than the first folder that is missing, so each name alone
        for name in (str(path), *path.parts):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                Path(name).stat()
    except (OSError, ValueError) as error:  # a NUL and half a surrogate pair are a ValueError
        if isinstance(error, OSError) and error.errno != errno.ENAMETOOLONG:
            return  # whoever writes there says so
        reason = (isinstance(error, OSError) and error.strerror) or error
        shown = str(path)
        raise UsageError(
            f"{shown[:80]!r}{'...' if len(shown) > 80 else ''}: cannot be the name of a folder "
            f"({reason}). Expected the path of a folder; choose another."
        ) from None


def _open_private(path: str, flags: int) -> int:
    descriptor = os.open(path, flags, 0o600)
    os.fchmod(descriptor, 0o600)  # a umask may take away more
    return descriptor


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which gets its name only when the block ends well.

    Args:
        path: the final name. Missing parent folders are made.

    Raises:
        WriteError: something has that name already, or the folder above cannot be written to.
    """
    unfinished = temporary(path)
    with writing(path, unfinished):
        if path.exists():
            raise WriteError(f"{path}: is there already and is left alone. Choose another name.")
        try:
            unfinished.mkdir(parents=True)
            yield unfinished
            unfinished.rename(path)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        sync_folder(path.parent)


@contextlib.contextmanager
def unless_refused(folder: Path, first: Collection[Path], result: Path) -> Iterator[None]:
    """Leaves a folder as it was when the block refuses what it was to be used for.

    Folders above it that were made for it go as well, where nothing else was written to them.

    Args:
        folder: made in the block, or there before.
        first: files and folders in it that the block writes before it has looked at the data; those
            that were there before are left alone.
        result: what shows that more was done; then all is kept.
    """
    made = [above for above in (folder, *folder.parents) if not above.exists()]
    new = [path for path in first if not os.path.lexists(path)]
    try:
        yield
    except (DataError, UsageError, BudgetError):
        if not result.exists():
            for path in new:
                _remove(path)
        for above in made:
            with contextlib.suppress(OSError):
                above.rmdir()
        raise


@contextlib.contextmanager
def writing(path: Path, unfinished: Path) -> Iterator[None]:
    """What goes wrong in the block with a file, under either name, is a ``WriteError``.

    Raises:
        WriteError: the system refused something.
    """
    try:
        yield
    except OSError as error:
        ours = (None, str(unfinished), str(path), *map(str, path.parents))
        if error.filename not in ours:
            raise  # the block's own trouble with another file
        raise WriteError(
            f"{path}: cannot be written: {error.strerror or error}. "
            "Choose another folder, or free some space, and run again."
        ) from error


def temporary(path: Path) -> Path:
    """A name for a file that is not finished, in the folder where it will be; no two are alike."""
    return path.parent / f"{_temporary_stem(path)}.{secrets.token_hex(4)}"


def remove_unfinished(path: Path) -> None:
    """Removes what ``atomic`` left of a file when the process was killed. No other may write it."""
    if path.parent.is_dir():
        for left in path.parent.iterdir():
            if _unfinished(path).fullmatch(left.name):
                _remove(left)


def remove_abandoned(path: Path) -> None:
    """Removes what killed processes left of a file, and nothing that a living one still writes."""
    if not path.parent.is_dir():
        return
    for left in path.parent.iterdir():
        if _unfinished(path).fullmatch(left.name) and _is_abandoned(left):
            _remove(left)


@contextlib.contextmanager
def scratch(beside: Path) -> Iterator[Path]:
    """A folder for what is not finished, gone when the block ends.

    Its name is that of an unfinished ``beside``. Folders above it that were made for it go as well,
    where nothing else was written to them.

    Raises:
        WriteError: the folder cannot be made, or the disk is full.
    """
    folder = temporary(beside)
    made = [above for above in folder.parents if not above.exists()]
    with writing(beside, folder):
        try:
            folder.mkdir(parents=True)
            with (folder / _LOCK).open("x") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            for above in made:
                with contextlib.suppress(OSError):
                    above.rmdir()


_LOCK = "lock"


def _unfinished(path: Path) -> re.Pattern[str]:
    return re.compile(re.escape(_temporary_stem(path)) + r"\.[0-9a-f]{8}")


def _is_abandoned(left: Path) -> bool:
    try:
        with (left / _LOCK if left.is_dir() else left).open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return left.is_dir()  # killed before it had its lock
    except OSError:
        return False
    return True


def _remove(left: Path) -> None:
    if left.is_dir():
        shutil.rmtree(left, ignore_errors=True)
    else:
        left.unlink(missing_ok=True)


def _temporary_stem(path: Path) -> str:
    return f".{path.name[:48]}"


def write_json(path: Path, value: object) -> None:
    """Writes one JSON value, indented, atomically."""
    content = to_json(value, indent=2)
    with atomic(path, "wb") as stream:
        stream.write(content + b"\n")


def to_json(value: object, indent: int | None = None) -> bytes:
    """One JSON value as UTF-8, legible in any script; half a surrogate pair stays an escape."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    return text.encode(errors="backslashreplace")


def sync_folder(folder: Path) -> None:
    """Puts a folder's names on disk, so that a rename survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
