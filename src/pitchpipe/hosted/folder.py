"""A backup on disk: one folder an object, each with a manifest of what is whole in it.

An object's manifest is written last, so that it tells what is there after a kill at any moment.
``index.jsonl``, ``not-saved.jsonl`` and ``SHA256SUMS`` are made from the manifests.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from pitchpipe.errors import RunError, UsageError
from pitchpipe.files import (
    remove_abandoned,
    temporary,
    to_json,
    unless_refused,
    write_json,
    writing,
)
from pitchpipe.hosted.manifest import FOLDERS, Manifest, Part
from pitchpipe.hosted.objects import Kind, has_ended
from pitchpipe.hosted.paths import folder_name

SCHEMA = 1
"""The version of the folder; another one is refused."""

DESCRIPTION: Mapping[Kind, str] = {
    "job": "job.json",
    "batch": "batch.json",
    "model": "model.json",
    "file": "file.json",
}
"""The file that holds an object as the service described it."""

CONTENT = "content"
"""The file that holds the bytes of a file of the service."""

_ORIGIN, _MANIFEST, _LOCK, _INDEX = "backup.json", "manifest.json", ".lock", "index.jsonl"
_MAX_RUNS = 20
_PIECE = 1 << 20


@dataclass(frozen=True)
class Origin:
    """Whose objects a backup holds.

    Attributes:
        service: the address of the service, without credentials.
        account: what names the account, as far as it is known.
    """

    service: str
    account: Mapping[str, str]


class BackupFolder:
    """A backup, open for one process.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def folder_of(self, kind: Kind, key: str) -> Path:
        """Where an object is, or would be."""
        return self.path / FOLDERS[kind] / folder_name(key)

    def manifest(self, kind: Kind, key: str) -> Manifest | None:
        """What is saved of an object; None where nothing is, or what is there cannot be read."""
        found = _read_manifest(self.folder_of(kind, key))
        return found if found is not None and (found.kind, found.id) == (kind, key) else None

    def description(self, kind: Kind, key: str) -> Any:
        """An object as it was described when it was saved; None where it is not there."""
        return _read_json(self.folder_of(kind, key) / DESCRIPTION[kind])

    def has(self, manifest: Manifest, part: str) -> bool:
        """Whether a part is there in the size that the manifest says."""
        known = manifest.parts.get(part)
        if known is None:
            return False
        try:
            found = (self.path / manifest.path / part).stat()
        except OSError:
            return False
        return found.st_size == known.bytes

    def is_whole(self, manifest: Manifest) -> bool:
        """Whether nothing of an object is missing, and all of it is on disk."""
        return not manifest.missing and all(self.has(manifest, part) for part in manifest.parts)

    def is_saved(self, kind: Kind, described: Mapping[str, Any]) -> bool:
        """Whether an object is whole here as it stands now, so that nothing of it is asked for.

        A job that has not ended is not: its events and checkpoints may be more than they were.
        """
        known = self.manifest(kind, described["id"])
        return (
            known is not None
            and self.is_whole(known)
            and (kind != "job" or has_ended(described))
            and self.description(kind, described["id"]) == described
        )

    def write_object(self, kind: Kind, key: str, described: Mapping[str, Any]) -> Part:
        """Writes an object's description."""
        content = to_json(described, indent=2) + b"\n"
        with self._new(self.folder_of(kind, key) / DESCRIPTION[kind]) as stream:
            stream.write(content)
        return Part(len(content), hashlib.sha256(content).hexdigest())

    def write_lines(self, kind: Kind, key: str, name: str, values: Iterable[Any]) -> Part:
        """Writes a list of an object, one JSON value a line, as the values come."""
        digest, size = hashlib.sha256(), 0
        with self._new(self.folder_of(kind, key) / name) as stream:
            for value in values:
                line = to_json(value) + b"\n"
                stream.write(line)
                digest.update(line)
                size += len(line)
        return Part(size, digest.hexdigest())

    def write_manifest(self, manifest: Manifest) -> None:
        """Writes down what is saved of an object: the last thing that is done with it."""
        with self._new(self.path / manifest.path / _MANIFEST) as stream:
            stream.write(to_json(manifest.to_json(), indent=2) + b"\n")

    def manifests(self, *kinds: Kind) -> Iterator[Manifest]:
        """What is saved of every object of some kinds, in the order of their folders' names."""
        for kind in kinds:
            for name in _names(self.path / FOLDERS[kind]):
                found = _read_manifest(self.path / FOLDERS[kind] / name)
                if found is not None and found.kind == kind and folder_name(found.id) == name:
                    yield found

    def write_index(self, run: Mapping[str, Any]) -> None:
        """Makes the lists of the whole backup, and notes what a run did.

        Args:
            run: the run, as JSON.
        """
        with contextlib.ExitStack() as stack:
            index, not_saved, sums = (
                stack.enter_context(self._new(self.path / name))
                for name in (_INDEX, "not-saved.jsonl", "SHA256SUMS")
            )
            for manifest in self.manifests(*FOLDERS):
                index.write(to_json({"folder": manifest.path, **manifest.to_json()}) + b"\n")
                for missing in manifest.missing:
                    where = {"folder": manifest.path, "kind": manifest.kind, "id": manifest.id}
                    not_saved.write(to_json(where | asdict(missing)) + b"\n")
                for name, part in manifest.parts.items():
                    sums.write(f"{part.sha256}  {manifest.path}/{name}\n".encode())
        about = _read_json(self.path / _ORIGIN) or {}
        runs = about.get("runs")
        kept = runs[-_MAX_RUNS + 1 :] if isinstance(runs, list) else []
        remove_abandoned(self.path / _ORIGIN)
        write_json(self.path / _ORIGIN, {**about, "runs": [*kept, run]})

    @contextlib.contextmanager
    def _new(self, path: Path) -> Iterator[IO[bytes]]:
        """A file that is whole or not there, whatever ends the process.

        It is not forced to the disk, other than contents are: what a power cut takes of it is
        missed by its size, and is small.
        """
        remove_abandoned(path)
        unfinished = temporary(path)
        with writing(path, unfinished):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with unfinished.open("xb") as stream:
                    fcntl.flock(stream, fcntl.LOCK_EX)  # so that nobody takes it for a left-over
                    yield stream
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)


@contextlib.contextmanager
def opened(path: Path, origin: Origin, at: str) -> Iterator[BackupFolder]:
    """A folder to back up into, made if need be, while no other process does.

    Args:
        path: the folder; it is new, empty, or holds a backup of the same account.
        origin: what is to be saved.
        at: when it is, in UTC.

    Raises:
        UsageError: the folder holds something else, or the backup of another account.
        RunError: another process is at work on it.
        WriteError: it cannot be written to.
    """
    check_origin(path, origin)
    first = (path / _LOCK, path / _ORIGIN)
    with unless_refused(path, first, path / _INDEX), _locked(path):
        known = check_origin(path, origin)  # once more: it may just have been begun by another
        account = {**known.get("account", {}), **origin.account}
        about = {"schema": SCHEMA, "service": origin.service, "account": account, "created_at": at}
        if {**known, "account": account} != known:
            write_json(path / _ORIGIN, {**about, **known, "account": account})
        yield BackupFolder(path)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = path / _LOCK
    with writing(path, lock):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)  # others must not read what it holds
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise RunError(
            f"{path}: another process is at work on this backup. "
            "Wait for it to end, or choose another folder."
        ) from None
    finally:
        os.close(descriptor)


def check_origin(path: Path, origin: Origin) -> dict[str, Any]:
    """What a folder says of the backup in it; empty where there is none yet.

    Raises:
        UsageError: the folder holds something else, or the backup of another account.
    """
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path}: is a file. Choose a folder for the backup.")
    known = _read_json(path / _ORIGIN)
    if not isinstance(known, dict):
        left = [name for name in _names(path) if name != _LOCK]
        if left:
            raise UsageError(
                f"{path}: holds {left[0]!r} and no {_ORIGIN}, so it is not a backup of ours. "
                "Choose a new or an empty folder."
            )
        return {}
    if known.get("schema") != SCHEMA:
        raise UsageError(
            f"{path}: the backup has schema {known.get('schema')!r}; expected {SCHEMA}. "
            "Choose another folder, or the version of Pitchpipe that made it."
        )
    if known.get("service") != origin.service:
        raise UsageError(
            f"{path}: holds the backup of {known.get('service')}, and the service now is "
            f"{origin.service}. Choose another folder."
        )
    account = known.get("account")
    for name, value in (account if isinstance(account, dict) else {}).items():
        now = origin.account.get(name, value)
        if now != value:
            raise UsageError(
                f"{path}: holds the backup of another account ({name} {value}; now {now}). "
                "Choose another folder."
            )
    return known


def digest_of(path: Path) -> Part:
    """The size and the digest of a file on disk."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return Part(size, digest.hexdigest())


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _read_manifest(folder: Path) -> Manifest | None:
    value = _read_json(folder / _MANIFEST)
    try:
        return Manifest.from_json(value)
    except (KeyError, TypeError, AttributeError):
        return None
