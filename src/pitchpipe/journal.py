"""The run folder's memory: append-only lines that survive a kill at any moment."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pitchpipe.errors import RunError
from pitchpipe.files import WriteError, remove_unfinished, sync_folder, to_json
from pitchpipe.journal_head import (
    NUMBER,
    JournalHead,
    check_entries,
    head_of,
    load_head,
)

FILE_NAME = "journal.jsonl"


class LineFile:
    """A JSONL file that grows line by line; a torn last line is cut off when it is opened.

    Only one process at a time may hold it.

    Args:
        path: the file; made, with its folders, when missing.
        durable: whether each line is on disk when ``append`` returns.
        check: is given the lines before anything is cut off, and may refuse them.

    Attributes:
        lines: the values that were in the file when it was opened.

    Raises:
        RunError: another process holds it, or a line before the last is not JSON.
        WriteError: it cannot be written.
    """

    def __init__(
        self,
        path: Path,
        *,
        durable: bool = True,
        check: Callable[[Sequence[Mapping[str, Any]]], object] | None = None,
    ) -> None:
        self.path = path
        self._durable = durable
        self._check = check
        with reporting(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            with reporting(path):
                self._lock()
                self.lines = self._recover()
                sync_folder(path.parent)
        except BaseException:
            os.close(self._descriptor)
            raise

    def _lock(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(
                f"{self.path}: another process is at work on this run. "
                "Wait for it to end, or choose another run folder."
            ) from None

    def _recover(self) -> list[dict[str, Any]]:
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        lines = _parsed(self.path, content[:whole])
        if self._check:
            self._check(lines)
        if whole < len(content):
            os.ftruncate(self._descriptor, whole)
        return lines

    def append(self, value: Mapping[str, Any]) -> None:
        """Adds one line.

        Raises:
            WriteError: it could not be written.
        """
        with reporting(self.path):
            write_line(self._descriptor, value)
            if self._durable:
                os.fsync(self._descriptor)

    def close(self) -> None:
        """Puts everything on disk and lets other processes have the file."""
        if self._descriptor >= 0:
            with reporting(self.path):
                os.fsync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Journal:
    """Intentions and outcomes, written down before and after what must not happen twice.

    It is the ``Ledger`` that stages are given.

    Args:
        path: the file to keep it in.
        scope: put before every step's name, so that several users can share one file.
        remedy: how to start over where the file is not what was written, after "or".

    Attributes:
        scope: as given; another may be set.
        digests: of each file that an outcome names under ``files``, the digest that it had last.

    Raises:
        RunError: another process holds the file, or it is damaged, or not what was written to it.
    """

    def __init__(self, path: Path, scope: str = "", remedy: str = "") -> None:
        remedy = remedy or _start_over(path)
        load_head(path, remedy)  # before the file is made, if it is missing
        head: JournalHead | None = None

        def check(lines: Sequence[Mapping[str, Any]]) -> None:
            nonlocal head
            head = load_head(path, remedy)
            self._head = check_entries(path, _entries(path, lines), head, remedy)

        self._file = LineFile(path, check=check)
        self.scope = scope
        self._intended: dict[str, Mapping[str, Any]] = {}
        self._done: dict[str, Mapping[str, Any]] = {}
        for entry in _entries(path, self._file.lines):
            if entry["entry"] == "intend":
                self._intended.setdefault(entry["step"], entry["detail"])
            else:
                self._done[entry["step"]] = entry["outcome"]
        self.digests = _digests(_entries(path, self._file.lines))
        try:
            remove_unfinished(head_of(path))
            if self._head != head:
                self._head.save(path)
        except BaseException:
            self.close()
            raise

    def _append(self, entry: str, **fields: Any) -> None:
        value = _entry(entry, **{NUMBER: self._head.entries + 1}, **fields)
        self._file.append(value)
        self._head = self._head.after(value)
        self._head.save(self._file.path)

    def holds(self, scope: str) -> bool:
        """Whether there are steps of a scope."""
        return any(step.startswith(scope) for step in (*self._intended, *self._done))

    def outcome(self, step: str) -> Mapping[str, Any] | None:
        """What ``done`` recorded for the step, by this process or an earlier one."""
        return self._done.get(self.scope + step)

    def intend(self, step: str, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        """Records that the step is about to happen.

        Returns:
            The detail of the first such intention, so that a second attempt repeats the first.
        """
        step = self.scope + step
        if step not in self._intended:
            self._append("intend", step=step, detail=detail)
            self._intended[step] = detail
        return self._intended[step]

    def done(self, step: str, outcome: Mapping[str, Any]) -> None:
        """Records that the step happened. It is on disk when this returns."""
        step = self.scope + step
        self._append("done", step=step, outcome=outcome)
        self._done[step] = outcome
        self.digests |= outcome.get("files") or {}

    def close(self) -> None:
        """Lets other processes have the journal."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class MemoryLedger:
    """A ``Ledger`` that forgets when the process ends."""

    def __init__(self) -> None:
        self._intended: dict[str, Mapping[str, Any]] = {}
        self._done: dict[str, Mapping[str, Any]] = {}

    def outcome(self, step: str) -> Mapping[str, Any] | None:
        """What ``done`` recorded for the step."""
        return self._done.get(step)

    def intend(self, step: str, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        """Records an intention; gives the detail of the first."""
        return self._intended.setdefault(step, detail)

    def done(self, step: str, outcome: Mapping[str, Any]) -> None:
        """Records an outcome."""
        self._done[step] = outcome


def recorded_digests(path: Path) -> dict[str, str]:
    """The digests that a journal holds, as ``Journal.digests``; nothing is locked or changed.

    Raises:
        RunError: the journal is damaged, or not what was written to it.
    """
    remedy = _start_over(path)
    head = load_head(path, remedy)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror or error}.") from None
    entries = _entries(path, _parsed(path, content[: content.rfind(b"\n") + 1]))
    check_entries(path, entries, head, remedy)
    return _digests(entries)


def note(folder: Path, entry: str, **fields: Any) -> None:
    """Adds a remark to a run's journal, if the folder holds one and the disk has room."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder / FILE_NAME, os.O_WRONLY | os.O_APPEND)
        try:
            write_line(descriptor, _entry(entry, **fields))
        finally:
            os.close(descriptor)


def write_line(descriptor: int, value: Mapping[str, Any]) -> None:
    """Writes one JSON line at the end of a file: all of it, or none of it."""
    rest = to_json(value) + b"\n"
    size = os.fstat(descriptor).st_size
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def _entry(entry: str, **fields: Any) -> dict[str, Any]:
    return {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "entry": entry, **fields}


_HOLDS = {"intend": "detail", "done": "outcome"}
"""What each kind of entry says of a step."""


def _parsed(path: Path, content: bytes) -> list[dict[str, Any]]:
    lines = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise _damaged(path, number, "not a JSON object")
        lines.append(value)
    return lines


def _entries(path: Path, lines: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The lines that say what became of steps; the others are remarks.

    Raises:
        RunError: one lacks something.
    """
    entries = []
    for number, line in enumerate(lines, start=1):
        kind = line.get("entry")
        if not isinstance(kind, str) or kind not in _HOLDS:
            continue
        for key, wanted in (("step", str), (_HOLDS[kind], dict)):
            if key not in line:
                raise _damaged(path, number, f"the entry has no {key!r}")
            if not isinstance(line[key], wanted):
                raise _damaged(path, number, f"the entry's {key!r} is not what it should be")
        entries.append(line)
    return entries


def _digests(entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in entries:
        files = entry.get("outcome", {}).get("files")
        found |= files if isinstance(files, dict) else {}
    return found


def _start_over(path: Path) -> str:
    return f"delete {path} and {head_of(path)} to start over, which pays once more"


def _damaged(path: Path, line: int, what: str) -> RunError:
    return RunError(
        f"{path}, line {line}: {what}; something else wrote to this file. "
        "Choose another run folder."
    )


@contextlib.contextmanager
def reporting(path: Path) -> Iterator[None]:
    """Turns the system's errors in the block into one that names the file and what to do."""
    try:
        yield
    except OSError as error:
        raise WriteError(
            f"{path}: cannot be written: {error.strerror or error}. "
            "Choose another folder, or free some space, and run again: finished work is kept."
        ) from error
