"""Whether the service takes what goes with a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._jobs import JobRule
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope

MOST_PAIRS = 16
"""The most pairs of metadata, as the API's specification has it."""

RESERVED_PAIRS = 6
"""How many of them the contract and the run may take."""


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
        if len(pairs) > MOST_PAIRS - RESERVED_PAIRS:
            found.append(
                Finding(
                    "job-options",
                    Severity.ERROR,
                    f"{len(pairs)} pairs of metadata",
                    expected=f"at most {MOST_PAIRS - RESERVED_PAIRS} (training.metadata): the API "
                    f"takes {MOST_PAIRS}, and how the records were written needs the others",
                )
            )
        return found
