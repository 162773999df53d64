"""How many entries a journal holds, kept in a file beside it.

A process that is killed leaves its journal without a last line, or with half of one. A journal that
somebody cut, edited or deleted looks alike. The head tells them apart: it is written before the
first entry and after each further one is on disk, so a journal never holds less than its head says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pitchpipe.errors import RunError
from pitchpipe.files import remove_unfinished, to_json, write_json

NUMBER = "n"
"""The key under which an entry holds its place; an entry with one is never without a head."""

_UNKNOWN = "Pitchpipe cannot tell what was uploaded and paid for, so it goes no further."


@dataclass(frozen=True)
class JournalHead:
    """What a journal is known to hold.

    Attributes:
        entries: how many.
        link: a digest over all of them, in order.
    """

    entries: int = 0
    link: str = ""

    def after(self, entry: Mapping[str, Any]) -> JournalHead:
        """The head of the journal with a further entry."""
        text = self.link.encode() + to_json(entry)
        return JournalHead(self.entries + 1, hashlib.sha256(text).hexdigest()[:32])

    def save(self, journal: Path) -> None:
        """Writes the head beside its journal.

        Raises:
            WriteError: it cannot be written.
        """
        write_json(head_of(journal), asdict(self))


def head_of(journal: Path) -> Path:
    """The file of a journal's head."""
    return journal.with_name(f"{journal.name}.head")


def load_head(journal: Path, remedy: str) -> JournalHead | None:
    """The head of a journal, None where it has none.

    Args:
        journal: the journal, which may be missing.
        remedy: how to start over, for messages.

    Raises:
        RunError: the head cannot be read, or its journal is missing.
    """
    path = head_of(journal)
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror or error}.") from None
    try:
        head = JournalHead(**json.loads(content))
        if type(head.entries) is not int or type(head.link) is not str:
            raise TypeError("wrong types")
    except (ValueError, TypeError, RecursionError):
        raise RunError(f"{path}: damaged. {_UNKNOWN} {_advice(path, remedy)}") from None
    if head.entries and not journal.exists():
        raise missing(journal, remedy)
    return head


def check_entries(
    journal: Path, entries: Sequence[Mapping[str, Any]], head: JournalHead | None, remedy: str
) -> JournalHead:
    """Whether a journal holds all that its head says.

    Args:
        journal: for messages.
        entries: what it holds.
        head: what it is known to hold; None where nothing says so.
        remedy: how to start over, for messages.

    Returns:
        The head of these entries.

    Raises:
        RunError: entries are missing, or not those that were written.
    """
    if head is None:
        if any(NUMBER in entry for entry in entries):
            path = head_of(journal)
            raise RunError(
                f"{path}: missing. It says how many entries {journal.name} holds. {_UNKNOWN} "
                f"{_advice(path, remedy)}"
            )
        head = JournalHead()  # an earlier Pitchpipe wrote it
    if len(entries) < head.entries:
        raise RunError(
            f"{journal}: holds {len(entries)} of the {head.entries} entries that were written to "
            f"it. {_UNKNOWN} {_advice(journal, remedy)}"
        )
    found = JournalHead()
    for entry in entries[: head.entries]:
        found = found.after(entry)
    if found != head:
        raise RunError(
            f"{journal}: an entry has changed since it was written. {_UNKNOWN} "
            f"{_advice(journal, remedy)}"
        )
    for entry in entries[head.entries :]:  # a process was killed before it could count it
        found = found.after(entry)
    return found


def missing(journal: Path, remedy: str) -> RunError:
    """The refusal to go on without a journal."""
    return RunError(
        f"{journal}: missing or empty, though work was done here. {_UNKNOWN} "
        f"{_advice(journal, remedy)}"
    )


def remove_journal(journal: Path) -> None:
    """Removes a journal and its head, in an order that a kill cannot make look like damage."""
    if head_of(journal).exists():
        JournalHead().save(journal)
    journal.unlink(missing_ok=True)
    head_of(journal).unlink(missing_ok=True)
    remove_unfinished(head_of(journal))


def _advice(path: Path, remedy: str) -> str:
    return f"Put {path.name} back as it was, or {remedy}."
