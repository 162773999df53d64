"""Where a data folder keeps what. Here alone, ids become paths."""

from __future__ import annotations

import logging
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from pitchpipe.service.storage.errors import naming

_log = logging.getLogger(__name__)

_FORM = r"(?:{})[0-9A-Za-z]{{24}}"
_FILE = re.compile(_FORM.format("file-|part_"))
_MODEL = re.compile(_FORM.format("ftckpt_"))
_WORK = re.compile(_FORM.format("upload_|batch_|ftjob-|ft-") + r"(?:\.worker)?")
_MADE = re.compile(
    rf"\.?(?:{_FILE.pattern}|{_MODEL.pattern})(?:\.[0-9a-f]{{8}})?|\.?[1-9][0-9]{{0,17}}"
)

_DATABASE = "service.sqlite3"
_DATABASES = tuple(f"{_DATABASE}{end}" for end in ("", "-wal", "-shm", "-journal"))
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


class Layout:
    """The files and folders of a data folder.

    An id is taken only in the form that the store gives to ids of its kind, so that nothing a
    client writes leads anywhere else. All that is made here is closed to other users, whatever
    the umask.

    Args:
        folder: the data folder.

    Attributes:
        folder: as given.
        database: the objects.
        files: contents of files, and of parts of uploads.
        models: saved models.
        locks: what processes hold while they work on something.
        snapshots: copies of all the others.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / _DATABASE
        self.files = folder / "files"
        self.models = folder / "models"
        self.locks = folder / "locks"
        self.snapshots = folder / "snapshots"

    # --- ids to paths -----------------------------------------------------------------------------

    def file(self, key: str) -> Path:
        """The content of a file or of a part.

        Raises:
            FileNotFoundError: it is no id of either.
        """
        return _within(self.files, _FILE, key)

    def model(self, key: str) -> Path:
        """The folder of a saved model.

        Raises:
            FileNotFoundError: it is no id of a checkpoint.
        """
        return _within(self.models, _MODEL, key)

    def unfinished_model(self, key: str) -> Path:
        """The folder that a model is saved into before it has its name.

        Raises:
            FileNotFoundError: it is no id of a checkpoint.
        """
        final = self.model(key)
        return final.with_name(f".{final.name}")

    def lock(self, key: str) -> Path:
        """What is held by whoever works on an upload, a batch or a job.

        Raises:
            FileNotFoundError: it is no id of those.
        """
        return _within(self.locks, _WORK, key)

    def snapshot(self, number: int) -> Path:
        """The folder of a snapshot."""
        return self.snapshots / f"{number:d}"

    def unfinished_snapshot(self, number: int) -> Path:
        """The folder that a snapshot is written into before it has its name."""
        return self.snapshots / f".{number:d}"

    def snapshot_numbers(self) -> list[int]:
        """The numbers of the snapshots that there are, smallest first."""
        names = [path.name for path in self.snapshots.iterdir()]
        return sorted(int(name) for name in names if re.fullmatch(r"[1-9][0-9]{0,17}", name))

    def working(self) -> Path:
        """What is held by all that work, and alone by whoever halts work."""
        return self.locks / ".work"

    def opening(self) -> Path:
        """What is held while the folder is opened."""
        return self.locks / "open"

    def presence(self) -> Path:
        """What is held by all that have the folder open."""
        return self.locks / ".present"

    def made(self, path: Path) -> bool:
        """Whether something in the folder of contents, models or snapshots has a name of ours.

        Such are those of what is unfinished, too: with a dot before them.
        """
        return bool(_MADE.fullmatch(path.name))

    # --- making it --------------------------------------------------------------------------------

    @property
    def holds_contents(self) -> bool:
        """Whether there are contents or models, which only a database tells apart."""
        return any(
            not path.name.startswith(".")
            for folder in (self.files, self.models)
            if folder.is_dir()
            for path in folder.iterdir()
        )

    def make(self) -> None:
        """Makes what is missing, and closes what is there to other users.

        A folder that holds other things than ours is left as open as it is, and a warning says so.

        Raises:
            StorageError: the system does not let us.
        """
        with naming(self.folder):
            new = not self.folder.exists()
            self.folder.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
            loose = new or stat.S_IMODE(self.folder.stat().st_mode) & 0o077
            if loose and self._is_ours:
                _close(self.folder, *self._contents())
            elif loose:
                _log.warning(
                    "%s: other users can look into this folder, and it holds more than the "
                    "service's data. Only what the service keeps in it is closed to them. "
                    "Give the service a folder of its own, or close this one with chmod 700.",
                    self.folder,
                )
            for folder in self._kept:
                folder.mkdir(_FOLDER_MODE, exist_ok=True)
                _close(folder)
            # SQLite gives the files beside a database the mode of the database
            self.database.touch(_FILE_MODE)
            _close(*self._present(*map(self._beside, _DATABASES)))

    @property
    def _is_ours(self) -> bool:
        """Whether the folder holds nothing else, and is none that users share, as /tmp is."""
        names = {path.name for path in self.folder.iterdir()}
        kept = {path.name for path in self._kept}
        known = {*_DATABASES, *kept, *(f".{name}" for name in kept)}
        return names <= known and not self.folder.stat().st_mode & stat.S_ISVTX

    @property
    def _kept(self) -> tuple[Path, ...]:
        return self.files, self.models, self.locks, self.snapshots

    def _beside(self, name: str) -> Path:
        return self.database.with_name(name)

    def _contents(self) -> Iterator[Path]:
        for folder in self._present(*self._kept):
            yield folder
            yield from folder.rglob("*")

    def _present(self, *paths: Path) -> list[Path]:
        return [path for path in paths if path.exists()]


def _close(*paths: Path) -> None:
    """Closes files and folders to other users, as far as they belong to this one."""
    for path in paths:
        try:
            close(path)
        except PermissionError:
            _log.warning("%s: belongs to another user, and is as open as it was.", path)


def close(path: Path) -> None:
    """Closes a file or a folder to other users.

    It is not opened for that: closing a database's file drops the locks that SQLite holds on it
    (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    if not path.is_symlink():
        mode = _FOLDER_MODE if path.is_dir() else _FILE_MODE
        if stat.S_IMODE(path.stat().st_mode) != mode:
            path.chmod(mode)


def close_all(folder: Path) -> None:
    """Closes a folder and all that is in it to other users."""
    close(folder)
    for path in folder.rglob("*"):
        close(path)


def _within(folder: Path, form: re.Pattern[str], key: str) -> Path:
    if not form.fullmatch(key):
        raise FileNotFoundError(f"{key!r} is no id of the service")
    return folder / key
