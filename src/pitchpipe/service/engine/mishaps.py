"""What is to go wrong with jobs and files that are still to come.

It is kept in the store, and a job or file carries what strikes it: so it strikes whichever process
does the work.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from pitchpipe.service.http import JSON
from pitchpipe.service.storage.store import Filter, Row, Store

JOB = "job-fails"
"""The kind that strikes jobs."""

FILE = "upload-rejected"
"""The kind that strikes uploaded files."""

_KIND = "fault"


class Mishaps:
    """A queue of faults for jobs and files.

    A fault is a JSON object. Its ``after`` says how many jobs or files that match it are let
    through first, its ``times`` how many are struck then, None for all.

    Args:
        store: where the queue is.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, kind: str, fault: JSON) -> str:
        """Puts a fault at the end of the queue.

        Args:
            kind: what it strikes.
            fault: as described above.

        Returns:
            An id for it.
        """
        key = self._store.new_id("fault_")
        self._store.add(_KIND, key, fault, parent=kind, private={"seen": 0, "applied": 0})
        return key

    def remove(self, key: str) -> bool:
        """Takes a fault out of the queue; whether it was there."""
        found = self._store.get(_KIND, key) is not None
        self._store.delete(_KIND, key)
        return found

    def rows(self) -> list[Row]:
        """What is in the queue; the private part says how often each was seen and applied."""
        return [row for kind in (JOB, FILE) for row in self._store.rows(_KIND, Filter(kind))]

    def for_job(self, model: str) -> JSON | None:
        """The fault that strikes a job of this model, if one does; it is counted."""
        return self._strike(JOB, {"model": model})

    def for_file(self, filename: str, purpose: str) -> JSON | None:
        """The fault that strikes an uploaded file, if one does; it is counted."""
        return self._strike(FILE, {"filename": filename, "purpose": purpose})

    def _strike(self, kind: str, of: JSON) -> JSON | None:
        if not self._store.rows(_KIND, Filter(kind), limit=1):
            return None
        chosen = None
        with self._store.transaction():
            for row in self._store.rows(_KIND, Filter(kind)):
                if not all(fnmatchcase(value, row.body[name]) for name, value in of.items()):
                    continue
                row.private["seen"] += 1
                if chosen is None and row.private["seen"] > row.body["after"]:
                    chosen = row.body
                    row.private["applied"] += 1
                self._store.update(row)
                if row.private["applied"] == row.body["times"]:
                    self.remove(row.id)
        return chosen
