"""Whether the model will still be there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from pitchpipe.default_plugins.validators._jobs import JobRule
from pitchpipe.records import Finding, Severity
from pitchpipe.retirement import endings
from pitchpipe.stages import Scope, ValidatorCapabilities


@dataclass(frozen=True)
class ModelRetirement(JobRule):
    """Finds base models that the vendor retires soon or has retired, and the end of its service.

    It speaks only where training is at the vendor's own service. Before it submits a job there, the
    trainer looks at the same dates.

    Attributes:
        days: how long before the end a warning is given.
        dates: days (as in ``2027-01-06``) by model that count instead of the known ones; under
            ``service`` that on which the service closes.
        today: the day to go by, instead of today.
    """

    capabilities = ValidatorCapabilities(silent=False)

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    hosted_only: ClassVar[bool] = True

    days: int = 90
    dates: Mapping[str, str] = field(default_factory=dict)
    today: str | None = None

    def __post_init__(self) -> None:
        """Refuses days that are none."""
        for day in (*self.dates.values(), *([self.today] if self.today else [])):
            date.fromisoformat(day)

    def _findings(self) -> list[Finding]:
        today = date.fromisoformat(self.today) if self.today else date.today()
        return [
            Finding(
                "model-retirement",
                Severity.ERROR if ending.over else Severity.WARNING,
                str(ending),
                expected="a model and a service that last; see pitchpipe's page on leaving the "
                "hosted service, or leave this rule out if you know better",
            )
            for ending in endings(self._training.model, today, self.days, self.dates)
        ]
