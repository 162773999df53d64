"""Help with testing plugins and code that fine-tunes, in anybody's repository."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # as type checkers know it, without the cost of importing typing

if TYPE_CHECKING:
    from pitchpipe.testing.conformance import Check as Check
    from pitchpipe.testing.conformance import ConformanceError as ConformanceError
    from pitchpipe.testing.conformance import Subject as Subject
    from pitchpipe.testing.conformance import checks_for as checks_for
    from pitchpipe.testing.conformance import parametrize_with_checks as parametrize_with_checks

__all__ = ["Check", "ConformanceError", "Subject", "checks_for", "parametrize_with_checks"]


def __getattr__(name: str) -> object:
    # pytest loads this package in every run: Hypothesis and pandas must wait until they are used
    if name in __all__:
        return getattr(import_module("pitchpipe.testing.conformance"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
