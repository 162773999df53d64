"""What moves jobs and batches on, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

from pitchpipe.service.engine import states
from pitchpipe.service.engine.clock import Clock
from pitchpipe.service.storage.store import Row, Store

Kind = Literal["job", "batch"]
"""What moves."""

Pace = Literal["polled", "immediate", "manual", "timed"]
"""What moves jobs and batches on: a look, its creation, ``Service.advance`` alone, or time."""

WORKERS = "workers"
"""The pace where other processes move them, and nothing in this one does."""

LASTING: Mapping[str, float] = {
    "job.validating_files": 5,
    "job.queued": 10,
    "job.running": 60,
    "batch.validating": 5,
    "batch.in_progress": 60,
    "batch.finalizing": 5,
    "batch.cancelling": 5,
}
"""Seconds that each state lasts when time moves things, unless told otherwise."""

_TABLES: Mapping[Kind, states.Table] = {"job": states.JOB, "batch": states.BATCH}


class Advance(Protocol):
    """Moves a job or a batch on."""

    def __call__(self, object_id: str, share: float = 1.0, /) -> None:
        """By one transition or one slice of work.

        Args:
            object_id: whose.
            share: how much of the present state's work may be done by now, 1 for all of it.
        """


class Pacer:
    """Moves jobs and batches on as the pace says.

    Args:
        store: where they are.
        clock: Unix seconds.
        advance: what does it.
        pace: when; or WORKERS.
        lasting: seconds that a state lasts, by "job.STATE" or "batch.STATE"; for "timed" only.
        waiting: called with the id of what was put into the queue.

    Attributes:
        paces: the pace of each kind; may be changed.
        lasting: how long each state lasts; may be changed.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        advance: Advance,
        pace: Pace | Literal["workers"],
        lasting: Mapping[str, float],
        waiting: Callable[[str], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._advance = advance
        self.paces: dict[Kind, Pace | Literal["workers"]] = dict.fromkeys(_TABLES, pace)
        self.lasting = {**LASTING, **lasting}
        self._waiting = waiting

    @property
    def idle(self) -> bool:
        """Whether a look moves nothing."""
        return all(pace in ("manual", WORKERS) for pace in self.paces.values())

    def looked_at(self, object_id: str) -> None:
        """Someone is about to be shown the object."""
        if self.paces[kind_of(object_id)] == "polled":
            self._advance(object_id)
        self.catch_up(object_id)

    def queued(self, object_id: str) -> None:
        """The object was created, or put back into the queue."""
        if self.paces[kind_of(object_id)] == "immediate":
            while moving(self._store, object_id):
                self._advance(object_id)
        self._waiting(object_id)

    def moving(self) -> list[str]:
        """Ids of the jobs and batches that are neither paused nor at their end."""
        return [
            object_id
            for kind, table in _TABLES.items()
            for status in table
            if status != "paused" and not states.ended(table, status)
            for object_id in self._store.with_status(kind, status)
        ]

    def catch_up(self, object_id: str) -> None:
        """Where time moves the object: makes up for what has passed, state after state."""
        if self.paces[kind_of(object_id)] != "timed":
            return
        while row := moving(self._store, object_id):
            state = row.body["status"]
            lasting = self.lasting[f"{row.kind}.{state}"]
            since = row.private["since"]
            if self._clock() >= since + lasting:
                self._advance(object_id)
                self._date_back(object_id, state, since + lasting)
                continue
            self._advance_part(row, (self._clock() - since) / lasting)
            return

    def _advance_part(self, row: Row, share: float) -> None:
        """Does the work of a state that its share of the time allows."""
        if row.body["status"] not in ("running", "in_progress"):
            return
        before = None
        while (now := moving(self._store, row.id)) and now != before:
            before = now
            self._advance(row.id, share)

    def _date_back(self, object_id: str, state: str, since: float) -> None:
        """Lets a state that has just begun have begun when the one before it was over."""
        with self._store.transaction():
            row = moving(self._store, object_id)
            if row is not None and row.body["status"] != state:
                row.private["since"] = since
                self._store.update(row)


def kind_of(object_id: str) -> Kind:
    """What has that id."""
    return "batch" if object_id.startswith("batch_") else "job"


def moving(store: Store, object_id: str) -> Row | None:
    """The job or batch of that id, unless it is paused or has ended."""
    kind = kind_of(object_id)
    row = store.get(kind, object_id)
    if row is None or row.body["status"] == "paused":
        return None
    return None if states.ended(_TABLES[kind], row.body["status"]) else row
