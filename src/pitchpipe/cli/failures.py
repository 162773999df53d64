"""What the system, the memory or the words of the user made fail, as errors that say what to do.

Where the library knows better it raises an error of its own; this is for what can strike anywhere.
"""

from __future__ import annotations

import errno
import os
import sys

from pitchpipe.errors import PitchpipeError, UsageError

_ADVICE = {
    errno.ENOSPC: "Free some space and run again; finished work is kept",
    errno.EDQUOT: "Free some of your quota and run again; finished work is kept",
    errno.EFBIG: "Raise the limit on the size of files (ulimit -f), or write to another place",
    errno.EROFS: "Choose a folder that can be written to",
    errno.EACCES: "Give yourself the permission, or choose another path",
    errno.EPERM: "Give yourself the permission, or choose another path",
    errno.EISDIR: "Give the path of a file, not of a folder",
    errno.ENOTDIR: "Choose a path whose folders are folders",
    errno.ENAMETOOLONG: "Choose a shorter path",
    errno.ELOOP: "The links lead in a circle; choose another path",
    errno.EMFILE: "Raise the limit on open files (ulimit -n)",
    errno.ENFILE: "Close other programs: the system has no open files left",
    errno.ENOMEM: "Free some memory, or lower data.chunk_rows",
    errno.ENOENT: "Check the path",
    errno.EIO: "Check the disk; finished work is kept",
}


_TOLD: tuple[tuple[type[Exception], str, str], ...] = (
    (
        ValueError,
        "embedded null",
        "A path holds a NUL character, which no path can. Write it without.",
    ),
    (
        ValueError,
        "has an empty name",
        "A path is empty, or names a root. Give the path of a file.",
    ),
    (
        RuntimeError,
        "Symlink loop",
        "A path leads through links in a circle. Choose another path.",
    ),
    (
        RuntimeError,
        "home directory",
        "A path begins with ~, and this user has no home folder. Set HOME, or write it in full.",
    ),
)
"""What Python's own paths raise, by its kind and words, and what to say."""


def explained(error: BaseException) -> PitchpipeError | None:
    """The error in words for the user; None where it is a fault of Pitchpipe or of a plugin.

    Args:
        error: what came out of a command.
    """
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, MemoryError):
        return PitchpipeError(
            "There is not enough memory. Free some, raise its limit (ulimit -v), or lower "
            "data.chunk_rows; finished work is kept."
        )
    if isinstance(error, RecursionError):
        return PitchpipeError(
            "Something that was read is nested too deep. Expected values within few others; "
            "--traceback shows what was read."
        )
    if isinstance(error, UnicodeError) and _has_surrogates(error):
        return UsageError(
            "An argument, a variable or a name holds bytes that are not UTF-8. Expected text in "
            "UTF-8; rename the file or folder, or write the value in UTF-8."
        )
    database = sys.modules.get("sqlite3")
    if database is not None and isinstance(error, database.DatabaseError):
        return PitchpipeError(
            f"The database of the offline service cannot be used: {error}. Free some space, make "
            "its folder writable, or choose another with --base-url offline:FOLDER; finished work "
            "is kept."
        )
    for kind, words, message in _TOLD:
        if isinstance(error, kind) and words in str(error):
            return UsageError(message)
    return None


def _of_system(error: OSError) -> PitchpipeError:
    if error.errno == errno.ENOENT and error.filename is None and not _has_cwd():
        return UsageError(
            "The current folder was deleted. Change to a folder that exists, and run again."
        )
    reason = error.strerror or str(error) or type(error).__name__
    what = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    advice = _ADVICE.get(error.errno or 0, "Fix the cause, and run again; finished work is kept")
    return PitchpipeError(f"{what}the system refused it: {reason}. {advice}.")


def _has_cwd() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True


def _has_surrogates(error: UnicodeError) -> bool:
    if not isinstance(error, UnicodeEncodeError):
        return False
    part = error.object[error.start : error.end]
    return any("\ud800" <= character <= "\udfff" for character in part)
