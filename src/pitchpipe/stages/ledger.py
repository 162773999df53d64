"""The ledger: where what costs money is written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Ledger(Protocol):
    """Where a stage writes down what costs money, before and after."""

    def outcome(self, step: str) -> Mapping[str, Any] | None:
        """What ``done`` recorded for the step, by this process or an earlier one."""

    def intend(self, step: str, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        """Record that the step is about to happen.

        Returns:
            The detail of the first such intention, so that a second attempt repeats the first.
        """

    def done(self, step: str, outcome: Mapping[str, Any]) -> None:
        """Record that the step happened. It is on disk when this returns."""
