"""The conformance kit: every promise of the contracts as a check of anybody's stage.

One line of a test file runs all checks that a stage's capabilities name::

    @parametrize_with_checks([MyFormatter()])
    def test_promises(stage, check):
        check(stage)
"""

from __future__ import annotations

from pitchpipe.errors import UsageError

try:
    import hypothesis  # noqa: F401 - what the modules below are written with
except ModuleNotFoundError as error:  # pragma: no cover - the tests have it
    raise UsageError(
        "the conformance kit needs Hypothesis, which is not installed. "
        "Run: python -m pip install 'hypothesis>=6.120'"
    ) from error

from pitchpipe.testing.conformance.checks import Check, checks_for, parametrize_with_checks
from pitchpipe.testing.conformance.promises import ConformanceError
from pitchpipe.testing.conformance.subject import Subject

__all__ = ["Check", "ConformanceError", "Subject", "checks_for", "parametrize_with_checks"]
