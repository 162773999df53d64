from __future__ import annotations

from pitchpipe.service.learners.ngram import NgramLearner
from pitchpipe.testing import Check, parametrize_with_checks


@parametrize_with_checks([NgramLearner])
def test_promises(stage: object, check: Check) -> None:
    check(stage)
