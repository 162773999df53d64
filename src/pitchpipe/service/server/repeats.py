"""Warnings that clients can cause as often as they like, told a few times only."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

_QUIET_SECONDS = 60.0


@dataclass
class _Count:
    total: int = 0
    last: float = 0.0
    told: float = 0.0


class RepeatFilter(logging.Filter):
    """Passes a warning the first, tenth, hundredth time and so on, and once a minute meanwhile.

    Messages are the same if they are so before their arguments are put in. What is told again says
    how often it happened. A minute without it begins a new count. Errors pass.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._counts: dict[str, _Count] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is told."""
        if record.levelno >= logging.ERROR:
            return True
        now = self._clock()
        count = self._counts.setdefault(str(record.msg), _Count())
        if now - count.last > _QUIET_SECONDS:
            count.total = 0
        count.total += 1
        count.last = now
        tells = str(count.total).strip("0") == "1" or now - count.told >= _QUIET_SECONDS
        if not tells:
            return False
        count.told = now
        if count.total > 1:
            record.msg, record.args = f"{record.getMessage()} ({count.total:,} times so far)", ()
        return True
