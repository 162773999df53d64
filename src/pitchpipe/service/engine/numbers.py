"""Numbers that are given out once."""

from __future__ import annotations

import threading


class Numbers:
    """1, 2, 3 and so on, each to one caller of ``next``; threads may share them.

    Attributes:
        last: the number given out last; may be set.
    """

    def __init__(self) -> None:
        self.last = 0
        self._lock = threading.Lock()

    def __next__(self) -> int:
        with self._lock:
            self.last += 1
            return self.last
