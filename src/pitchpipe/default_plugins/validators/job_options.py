"""Whether the service takes what goes with a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._jobs import JobRule
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope

MOST_PAIRS = 15
"""The most pairs of metadata: the API's specification has 16, and one names the run."""

RESERVED = "pitchpipe_"
"""How the names of our own pairs begin."""


@dataclass(frozen=True)
class JobOptions(JobRule):
    """Finds a suffix or metadata that the service refuses.

    Their lengths are looked at when the configuration is read; this rule looks at the rest.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR

    def _findings(self) -> list[Finding]:
        found = []
        suffix, pairs = self._training.suffix, self._training.metadata
        if suffix is not None and not (suffix.isprintable() and suffix.strip() == suffix):
            found.append(
                Finding(
                    "job-options",
                    Severity.ERROR,
                    "the suffix of the model's name has blanks around it, or characters that "
                    "nobody sees",
                    expected="1 to 64 visible characters (training.suffix)",
                    before=repr(suffix),
                )
            )
        if len(pairs) > MOST_PAIRS:
            found.append(
                Finding(
                    "job-options",
                    Severity.ERROR,
                    f"{len(pairs)} pairs of metadata",
                    expected=f"at most {MOST_PAIRS} (training.metadata): the API takes one more, "
                    "which names the run",
                )
            )
        reserved = [key for key in pairs if key.startswith(RESERVED)]
        if reserved:
            found.append(
                Finding(
                    "job-options",
                    Severity.ERROR,
                    "metadata under names that Pitchpipe uses",
                    count=len(reserved),
                    expected=f"names that do not begin with {RESERVED!r} (training.metadata)",
                    before=min(reserved),
                )
            )
        return found
