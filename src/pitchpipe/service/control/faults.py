"""The faults that are queued, and what they make of a request's answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from pitchpipe.service.control.delivery import (
    CutOff,
    Dropped,
    Latency,
    Malformed,
    Stalled,
    Truncated,
)
from pitchpipe.service.control.fault import Ask, Effect, Fault, RequestFault
from pitchpipe.service.control.refusing import RateQuota, Status, TokenQuota
from pitchpipe.service.control.requestlog import Record
from pitchpipe.service.control.working import JobFails, UploadRejected
from pitchpipe.service.engine.mishaps import Mishaps
from pitchpipe.service.engine.numbers import Numbers
from pitchpipe.service.http import JSON, ApiError, Request
from pitchpipe.service.protocol import params

__all__ = [
    "KINDS",
    "CutOff",
    "Dropped",
    "Faults",
    "JobFails",
    "Latency",
    "Malformed",
    "Queued",
    "RateQuota",
    "Stalled",
    "Status",
    "TokenQuota",
    "Truncated",
    "UploadRejected",
    "parse",
]

_OUTERMOST_FIRST: tuple[type[RequestFault], ...] = (
    Latency,
    Dropped,
    CutOff,
    Stalled,
    Malformed,
    Truncated,
    RateQuota,
    TokenQuota,
    Status,
)
_ALL: tuple[type[Fault], ...] = (*_OUTERMOST_FIRST, JobFails, UploadRejected)
KINDS = {kind.kind: kind for kind in _ALL}
"""Every fault there is, by the name of its kind."""

_PLACE = {kind.kind: place for place, kind in enumerate(_OUTERMOST_FIRST)}


@dataclass
class Queued:
    """A fault in the queue.

    Attributes:
        id: its name there.
        fault: the fault.
        seen: how many requests, jobs or files have matched it.
        applied: to how many of them it has been applied.
    """

    id: str
    fault: Fault
    seen: int = 0
    applied: int = 0

    def to_json(self) -> JSON:
        """The entry as JSON."""
        state = {"id": self.id, "kind": self.fault.kind, "seen": self.seen, "applied": self.applied}
        return state | self.fault.model_dump()


@dataclass
class _Live(Queued):
    fault: RequestFault
    effect: Effect = field(kw_only=True)


_Queue = list[_Live]


class Faults:
    """A queue of faults.

    Of each kind the first that matches a request and is due applies; those of several kinds apply
    together. Faults of requests are this object's own, those of jobs and uploads are shared with
    every process that has the data folder open.

    Args:
        mishaps: keeps the faults of jobs and uploads.
        clock: Unix seconds.
    """

    def __init__(self, mishaps: Mishaps, clock: Callable[[], float]) -> None:
        self._mishaps = mishaps
        self._clock = clock
        self._numbers = Numbers()
        self._queue: _Queue = []
        self._lock = threading.Lock()

    def add(self, *faults: Fault) -> list[str]:
        """Puts faults at the end of the queue.

        Returns:
            Their ids.
        """
        return [self._add(fault) for fault in faults]

    def _add(self, fault: Fault) -> str:
        if isinstance(fault, RequestFault):
            key = f"fault-{next(self._numbers)}"
            entry = _Live(key, fault, effect=fault.effect(self._clock))
            with self._lock:
                self._queue.append(entry)
            return key
        return self._mishaps.add(fault.kind, fault.model_dump())

    def remove(self, key: str) -> None:
        """Takes a fault out of the queue.

        Raises:
            ApiError: none has that id.
        """
        with self._lock:
            kept = [entry for entry in self._queue if entry.id != key]
            found = len(kept) < len(self._queue)
            self._queue = kept
        if not found and not self._mishaps.remove(key):
            raise ApiError(404, f"No fault with the id '{key}' is queued.", param="fault_id")

    def clear(self) -> None:
        """Empties the queue."""
        with self._lock:
            self._queue = []
        for row in self._mishaps.rows():
            self._mishaps.remove(row.id)

    def around(self, ask: Ask, request: Request, record: Record) -> Ask:
        """What answers a request as the faults want it that are now due for it.

        Args:
            ask: gets the answer it has without them.
            request: the request; it counts.
            record: takes the kinds of the faults.
        """
        if self._queue:
            due = self._due(request)
            record.faults = tuple(entry.fault.kind for entry in due)
            for entry in reversed(due):
                ask = _around(entry.effect, ask)
        return ask

    def _due(self, request: Request) -> _Queue:
        """The faults that apply to a request, outermost first; they are counted."""
        due: dict[str, _Live] = {}
        with self._lock:
            for entry in self._queue:
                kind = entry.fault.kind
                if not entry.fault.matches(request):
                    continue
                entry.seen += 1
                if kind not in due and entry.seen > entry.fault.after:
                    entry.applied += 1
                    due[kind] = entry
            self._queue = [e for e in self._queue if e.applied != e.fault.times]
        return sorted(due.values(), key=lambda entry: _PLACE[entry.fault.kind])

    def list(self) -> list[Queued]:
        """What is queued, in order; what has been applied as often as it should is not."""
        with self._lock:
            live = [Queued(e.id, e.fault, e.seen, e.applied) for e in self._queue]
        kept = [
            Queued(row.id, KINDS[row.parent](**row.body), **row.private)
            for row in self._mishaps.rows()
        ]
        return live + kept


def _around(effect: Effect, ask: Ask) -> Ask:
    return lambda request: effect(request, ask)


def parse(body: JSON) -> Fault:
    """The fault that a JSON object describes: its ``kind``, and the fields of that.

    Raises:
        ApiError: it describes none.
    """
    kind = KINDS.get(str(body.get("kind")))
    if kind is None:
        missing = "kind" not in body
        raise ApiError(
            400,
            "Missing required parameter: 'kind'."
            if missing
            else f"Invalid value: {body['kind']!r}."
            f" Supported values are: {', '.join(map(repr, KINDS))}.",
            param="kind",
            code="missing_required_parameter" if missing else "invalid_value",
        )
    return params.check(kind, {name: value for name, value in body.items() if name != "kind"})
