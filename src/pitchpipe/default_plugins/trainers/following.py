"""A job's events: every one, once, oldest first."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from pitchpipe import stopping
from pitchpipe.default_plugins.openai_client import Connection
from pitchpipe.default_plugins.trainers.jobs import PAGE, to_job
from pitchpipe.records import Job, JobEvent
from pitchpipe.redaction import redact

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.fine_tuning import FineTuningJobEvent

logger = logging.getLogger(__name__)


def follow(
    connection: Connection,
    client: OpenAI,
    job_id: str,
    seen: Iterable[str],
    retries: int,
    interval: Callable[[Job], float],
) -> Iterator[JobEvent]:
    """Yields the events until the job ends; a status it does not know means: keep following.

    Args:
        connection: how to try again.
        client: an open client of it.
        job_id: the job.
        seen: identifiers of events that were yielded before.
        retries: how many failures in a row to bear.
        interval: seconds to wait before asking again, given the job as it stands.
    """
    known = set(seen)
    status = ""
    while True:
        # the status first: a finished job's events are then complete
        job = connection.attempt(lambda: to_job(client.fine_tuning.jobs.retrieve(job_id)), retries)
        if job.status != status:
            status = job.status
            logger.info("job %s: %s", job_id, status)
        for event in connection.attempt(lambda: _unknown(client, job_id, known), retries):
            known.add(event.id)
            yield event
        if job.done:
            return
        stopping.pause(interval(job))


def _unknown(client: OpenAI, job_id: str, known: Collection[str]) -> list[JobEvent]:
    newest_first: list[FineTuningJobEvent] = []
    page = client.fine_tuning.jobs.list_events(job_id, limit=PAGE)
    while True:
        fresh = [event for event in page.data if event.id not in known]
        newest_first += fresh
        # what is older than an event that was yielded was yielded before it
        if len(fresh) < len(page.data) or not page.has_next_page():
            break
        page = page.get_next_page()
    distinct = {event.id: event for event in reversed(newest_first)}
    return [_to_event(event) for event in distinct.values()]


def _to_event(event: FineTuningJobEvent) -> JobEvent:
    data = event.data
    return JobEvent(
        id=event.id,
        created_at=event.created_at,
        level=event.level,
        message=redact(event.message),
        type=event.type or "message",
        data=dict(data) if isinstance(data, dict) else {},
    )
