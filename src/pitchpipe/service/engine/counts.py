"""How often the same has come before."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping

_MOST = 65_536
"""Things that are remembered; about ten megabytes."""


class Counts:
    """Counts many things apart from one another; threads may share it.

    Of more things than ``most`` those that came longest ago are forgotten, and begin at 0 again.

    Args:
        most: things that are remembered.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._counts: OrderedDict[bytes, int] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._counts)

    def count(self, key: bytes) -> int:
        """How often the key was counted before; it is counted once more."""
        with self._lock:
            before = self._counts.pop(key, 0)
            self._counts[key] = before + 1
            if len(self._counts) > self._most:
                self._counts.popitem(last=False)
            return before

    def to_json(self) -> dict[str, int]:
        """All counts, those that came longest ago first."""
        with self._lock:
            return {key.hex(): count for key, count in self._counts.items()}

    def restore(self, saved: Mapping[str, int]) -> None:
        """Replaces the counts by those that ``to_json`` gave, which may be none."""
        with self._lock:
            self._counts = OrderedDict((bytes.fromhex(key), n) for key, n in saved.items())
