"""A job's events."""

from __future__ import annotations

from pitchpipe.service.http import JSON
from pitchpipe.service.storage.store import Row, Store


def emit(
    store: Store,
    job: Row,
    now: float,
    message: str,
    *,
    level: str = "info",
    kind: str = "message",
    data: JSON | None = None,
) -> None:
    """Adds an event; the caller stores the job's row in the same transaction.

    Ids sort in the order of the events of their job.

    Args:
        store: where it goes.
        job: whose it is.
        now: Unix seconds.
        message: one line for a person.
        level: "info", "warn" or "error".
        kind: "message" or "metrics".
        data: figures of a metrics event.
    """
    job.private["events"] += 1
    event_id = f"ftevent-{store.derive(job.id, length=18)}{job.private['events']:06d}"
    body = {
        "id": event_id,
        "object": "fine_tuning.job.event",
        "created_at": int(now),
        "level": level,
        "message": message,
        "type": kind,
        "data": data or {},
    }
    store.add("event", event_id, body, parent=job.id)
