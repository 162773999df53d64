"""Which status may follow which: the only place that says so."""

from __future__ import annotations

from collections.abc import Mapping

from pitchpipe.service.http import ApiError
from pitchpipe.service.storage.store import Row

Table = Mapping[str, frozenset[str]]

JOB: Table = {
    "validating_files": frozenset({"queued", "failed", "cancelled"}),
    "queued": frozenset({"running", "paused", "failed", "cancelled"}),
    "running": frozenset({"paused", "succeeded", "failed", "cancelled"}),
    "paused": frozenset({"queued", "cancelled"}),
    "succeeded": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
}
"""Fine-tuning jobs. "paused" is what the hosted service reports, though its schema lacks it."""

BATCH: Table = {
    "validating": frozenset({"in_progress", "failed", "cancelling", "expired"}),
    "in_progress": frozenset({"finalizing", "failed", "cancelling", "expired"}),
    "finalizing": frozenset({"completed", "expired"}),
    "cancelling": frozenset({"cancelled"}),
    "completed": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
    "expired": frozenset(),
}
"""Batches."""


def ended(table: Table, status: str) -> bool:
    """Whether nothing follows the status."""
    return not table[status]


def move(table: Table, row: Row, status: str, now: float) -> None:
    """Sets an object's status, and since when it has it.

    Raises:
        ApiError: that status does not follow the present one.
    """
    present = row.body["status"]
    if status not in table[present]:
        following = sorted(table[present])
        allowed = f"only {', '.join(following)} can follow" if following else "it has ended"
        raise ApiError(
            400,
            f"'{row.id}' has status '{present}' and cannot become '{status}': {allowed}.",
            code="invalid_status",
        )
    row.body["status"] = status
    if "estimated_finish" in row.body:
        row.body["estimated_finish"] = None  # only running jobs have one
    row.private["since"] = now
