"""A ledger in memory, in which a process can be made to die."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


class Killed(BaseException):
    """The process dies here."""


class MemoryLedger:
    """Keeps what is written down; with ``kill_at`` the process dies at that moment.

    Each call has two moments: before it is written down, and after.

    Args:
        earlier: the ledger of the process before, whose entries it goes on with.
        kill_at: the moment, counted from 0.
    """

    def __init__(self, earlier: MemoryLedger | None = None, kill_at: int | None = None) -> None:
        self.intentions: dict[str, Any] = {} if earlier is None else earlier.intentions
        self.outcomes: dict[str, Any] = {} if earlier is None else earlier.outcomes
        self.moment = "before anything was written down"
        self._left = kill_at

    def outcome(self, step: str) -> Mapping[str, Any] | None:
        """As ``Ledger`` says."""
        self._live(f"as the outcome of {step!r} was looked up")
        found: Mapping[str, Any] | None = self.outcomes.get(step)
        return found

    def intend(self, step: str, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        """As ``Ledger`` says."""
        self._live(f"before {step!r} was intended")
        first: Mapping[str, Any] = self.intentions.setdefault(step, _through_json(detail))
        self._live(f"after {step!r} was intended")
        return first

    def done(self, step: str, outcome: Mapping[str, Any]) -> None:
        """As ``Ledger`` says."""
        self._live(f"before {step!r} was noted as done")
        self.outcomes[step] = _through_json(outcome)
        self._live(f"after {step!r} was noted as done")

    def _live(self, moment: str) -> None:
        self.moment = moment
        if self._left is not None:
            if self._left == 0:
                raise Killed
            self._left -= 1


def deaths() -> Iterator[MemoryLedger]:
    """Ledgers in which the process dies at the first moment, the second, and so on."""
    kill_at = 0
    while True:
        yield MemoryLedger(kill_at=kill_at)
        kill_at += 1


def _through_json(value: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(value))
