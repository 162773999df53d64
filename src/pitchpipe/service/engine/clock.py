"""Whose time it is: the machine's, or one that moves only when told to."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Unix seconds, and waiting.

    Args:
        source: where they come from.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._ahead = 0.0

    def __call__(self) -> float:
        """The time."""
        return self._source() + self._ahead

    def advance(self, seconds: float) -> None:
        """Sets the clock forward.

        Raises:
            ValueError: time does not go back.
        """
        if seconds < 0:
            raise ValueError(f"a clock goes forward only; found {seconds} seconds.")
        self._ahead += seconds

    def sleep(self, seconds: float) -> None:
        """Returns once so many seconds have passed on this clock."""
        time.sleep(seconds)


class ManualClock(Clock):
    """Time that passes only by ``advance``; whoever sleeps moves it on.

    Args:
        start: the first time it tells.
    """

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        super().__init__(lambda: start)

    def sleep(self, seconds: float) -> None:
        """Moves the clock on, and returns at once."""
        self.advance(seconds)
