"""The run folder's memory: append-only lines that survive a kill at any moment."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pitchpipe.errors import RunError
from pitchpipe.files import WriteError, sync_folder, to_json

FILE_NAME = "journal.jsonl"


class LineFile:
    """A JSONL file that grows line by line; a torn last line is cut off when it is opened.

    Only one process at a time may hold it.

    Args:
        path: the file; made, with its folders, when missing.
        durable: whether each line is on disk when ``append`` returns.

    Attributes:
        lines: the values that were in the file when it was opened.

    Raises:
        RunError: another process holds it, or a line before the last is not JSON.
        WriteError: it cannot be written.
    """

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self.path = path
        self._durable = durable
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
        if whole < len(content):
            os.ftruncate(self._descriptor, whole)
        lines = []
        for number, line in enumerate(content[:whole].splitlines(), start=1):
            try:
                value = json.loads(line)
            except ValueError:
                value = None
            if not isinstance(value, dict):
                raise _damaged(self.path, number, "not a JSON object")
            lines.append(value)
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

    Raises:
        RunError: another process holds the file, or it is damaged.
    """

    def __init__(self, path: Path, scope: str = "") -> None:
        self._file = LineFile(path)
        self._scope = scope
        self._intended: dict[str, Mapping[str, Any]] = {}
        self._done: dict[str, Mapping[str, Any]] = {}
        for number, line in enumerate(self._file.lines, start=1):
            try:
                self._take_in(line)
            except KeyError as error:
                self.close()
                raise _damaged(path, number, f"the entry has no {error}") from None

    def _take_in(self, line: Mapping[str, Any]) -> None:
        if line.get("entry") == "intend":
            self._intended.setdefault(line["step"], line["detail"])
        elif line.get("entry") == "done":
            self._done[line["step"]] = line["outcome"]

    def outcome(self, step: str) -> Mapping[str, Any] | None:
        """What ``done`` recorded for the step, by this process or an earlier one."""
        return self._done.get(self._scope + step)

    def intend(self, step: str, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        """Records that the step is about to happen.

        Returns:
            The detail of the first such intention, so that a second attempt repeats the first.
        """
        step = self._scope + step
        if step not in self._intended:
            self._file.append(_entry("intend", step=step, detail=detail))
            self._intended[step] = detail
        return self._intended[step]

    def done(self, step: str, outcome: Mapping[str, Any]) -> None:
        """Records that the step happened. It is on disk when this returns."""
        step = self._scope + step
        self._file.append(_entry("done", step=step, outcome=outcome))
        self._done[step] = outcome

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
