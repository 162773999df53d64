"""Waiting where a service says that nothing is left of its limit on requests."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

from pitchpipe import stopping

MAX_WAIT_SECONDS = 60.0
"""The longest wait before a request: a reset is that of the whole limit, not of one request."""

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")


class RequestPace:
    """Holds requests back while the limit on them is used up.

    It goes by the headers ``x-ratelimit-remaining-requests`` and ``x-ratelimit-reset-requests``; a
    service that sends none is asked without a wait. What it says with ``Retry-After`` is the
    business of whoever repeats a refused request.

    Args:
        pause: waits so many seconds.
        clock: seconds from any starting point.
    """

    def __init__(
        self,
        pause: Callable[[float], object] = stopping.pause,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pause = pause
        self._clock = clock
        self._open_at = 0.0

    def wait(self) -> None:
        """Returns when the next request may be sent."""
        stopping.check()
        seconds = self._open_at - self._clock()
        if seconds > 0:
            self._pause(seconds)

    def note(self, headers: Mapping[str, str]) -> None:
        """Takes in what the headers of an answer say; their names are looked up in lower case."""
        if headers.get("x-ratelimit-remaining-requests", "").strip() != "0":
            return
        seconds = duration(headers.get("x-ratelimit-reset-requests", ""))
        if seconds is not None:
            self._open_at = self._clock() + min(seconds, MAX_WAIT_SECONDS)


def duration(text: str) -> float | None:
    """Seconds of a time such as "6m0s", "20ms" or "1.5s"; None of anything else."""
    text = text.strip()
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
