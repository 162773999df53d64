"""The conformance kit in a test file."""

from __future__ import annotations

from pitchpipe.default_plugins.splitters.random import RandomSplitter
from pitchpipe.stages import Splitter
from pitchpipe.testing import Check, Subject, parametrize_with_checks


@parametrize_with_checks(
    [RandomSplitter(), Subject(RandomSplitter(0.5), "OfHalf")],
)
def test_promises(stage: Splitter, check: Check) -> None:
    check(stage)
