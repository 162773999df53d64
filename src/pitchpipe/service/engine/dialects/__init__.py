"""The two generations of the API over one training: what tells them apart in a job is here."""

from __future__ import annotations

from pitchpipe.service.engine.dialects.base import Dialect
from pitchpipe.service.engine.dialects.fine_tunes import FineTuneDialect
from pitchpipe.service.engine.dialects.jobs import JobDialect
from pitchpipe.service.storage.store import Row

JOBS = JobDialect()
"""The API of today."""

FINE_TUNES = FineTuneDialect()
"""The API until 2023."""

_BY_PARENT = {dialect.parent: dialect for dialect in (JOBS, FINE_TUNES)}


def dialect_of(job: Row) -> Dialect:
    """The one that a job speaks."""
    return _BY_PARENT[job.parent]
