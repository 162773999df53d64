"""How much of something was used in the last so many seconds."""

from __future__ import annotations

import math
import threading
from collections import deque

_FINEST = 0.001  # seconds; headers tell no finer times


class Window:
    """A limit on what may be used in any stretch of time of one length. Threads may share it.

    Args:
        limit: how much.
        seconds: how long the stretch is; may be infinite.

    Attributes:
        limit: as given.
        seconds: as given.
    """

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self._used: deque[tuple[float, int]] = deque()
        self._total = 0
        self._lock = threading.RLock()

    def admit(self, now: float, amount: int) -> float:
        """Uses an amount if anything is left.

        Args:
            now: Unix seconds.
            amount: how much; it may be more than is left.

        Returns:
            0, or the seconds until something will be left again: infinite if never.
        """
        with self._lock:
            if self.left(now):
                self.use(now, amount)
                return 0.0
            excess = self._total - self.limit
            for since, used in self._used:
                excess -= used
                if excess < 0:
                    return max(since + self.seconds - now, _FINEST)
            return self.seconds

    def use(self, now: float, amount: int) -> None:
        """Uses an amount, whatever is left."""
        with self._lock:
            self._used.append((now, amount))
            self._total += amount

    def left(self, now: float) -> int:
        """How much may still be used."""
        with self._lock:
            while self._used and self._used[0][0] + self.seconds <= now + _FINEST:
                self._total -= self._used.popleft()[1]
            return max(0, self.limit - self._total)

    def full_again(self, now: float) -> float:
        """Seconds until all of it may be used."""
        with self._lock:
            self.left(now)
            return self._used[-1][0] + self.seconds - now if self._used else 0.0


def shown(seconds: float) -> str:
    """A time as the API's headers write it, such as "6m0s" or "20ms"."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    hours, rest = divmod(math.ceil(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "m"), (rest, "s")]
    first = next(place for place, (number, _) in enumerate(parts) if number)
    return "".join(f"{number}{unit}" for number, unit in parts[first:])
