"""The kit, misused."""

from __future__ import annotations

from pitchpipe.default_plugins.splitters.random import RandomSplitter
from pitchpipe.testing import Check, Subject, parametrize_with_checks

Subject(RandomSplitter(), expected_failures=["no-rows"])  # error: arg-type
parametrize_with_checks(RandomSplitter())  # error: arg-type


@parametrize_with_checks([RandomSplitter()])
def test_promises(stage: object, check: Check) -> None:
    check()  # error: call-arg
