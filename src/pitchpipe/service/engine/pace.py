"""What moves jobs and batches on, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

from pitchpipe.service.engine import states
from pitchpipe.service.engine.clock import Clock
from pitchpipe.service.storage.store import Row, Store

Pace = Literal["polled", "immediate", "manual", "timed"]
"""What moves jobs and batches on: a look, its creation, ``Service.advance`` alone, or time."""

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
        pace: when.
        lasting: seconds that a state lasts, by "job.STATE" or "batch.STATE"; for "timed" only.
        waiting: called with the id of what was put into the queue.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        advance: Advance,
        pace: Pace,
        lasting: Mapping[str, float],
        waiting: Callable[[str], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._advance = advance
        self._pace = pace
        self._lasting = {**LASTING, **lasting}
        self._waiting = waiting

    @property
    def idle(self) -> bool:
        """Whether a look moves nothing."""
        return self._pace == "manual"

    def looked_at(self, object_id: str) -> None:
        """Someone is about to be shown the object."""
        if self._pace == "polled":
            self._advance(object_id)
        elif self._pace == "timed":
            self._catch_up(object_id)

    def queued(self, object_id: str) -> None:
        """The object was created, or put back into the queue."""
        if self._pace == "immediate":
            while self._moving(object_id):
                self._advance(object_id)
        self._waiting(object_id)

    def _catch_up(self, object_id: str) -> None:
        """Makes up for the time since the object was last looked at, state after state."""
        while row := self._moving(object_id):
            state = row.body["status"]
            lasting = self._lasting[f"{row.kind}.{state}"]
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
        while (now := self._moving(row.id)) and now != before:
            before = now
            self._advance(row.id, share)

    def _date_back(self, object_id: str, state: str, since: float) -> None:
        """Lets a state that has just begun have begun when the one before it was over."""
        with self._store.transaction():
            row = self._moving(object_id)
            if row is not None and row.body["status"] != state:
                row.private["since"] = since
                self._store.update(row)

    def _moving(self, object_id: str) -> Row | None:
        """The object, unless it is paused or has ended."""
        row = self._store.get("batch" if object_id.startswith("batch_") else "job", object_id)
        if row is None or row.body["status"] == "paused":
            return None
        table = states.BATCH if row.kind == "batch" else states.JOB
        return None if states.ended(table, row.body["status"]) else row
