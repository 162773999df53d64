"""What the marker takes, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pitchpipe.errors import UsageError
from pitchpipe.service.learners.ngram import NgramLearner
from pitchpipe.testing.options import service_for


class Other(NgramLearner):
    """Another learner."""


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ({"sped": 1}, "unknown option 'sped'. Did you mean 'seed'? Known: clock, data_dir, "),
        ({"pace": "fast"}, "unknown pace 'fast'. Known: immediate, manual, polled, timed."),
        ({"pace": ["manual"]}, "unknown pace"),
        ({"clock": 3}, "unknown clock '3'. Known: frozen, real."),
        ({"learner": "ngrams"}, "unknown learner 'ngrams'. Did you mean 'ngram'? "),
        ({"learner": dict}, "learner is a name or a class that extends Learner; found <class "),
        ({"seed": 1.5}, "seed is a whole number; found 1.5."),
        ({"lasting": {"job.run": 1}}, "unknown state 'job.run'. Did you mean 'job.running'? "),
        ({"lasting": {"job.running": -1}}, "lasting gives seconds by state; found "),
        ({"lasting": 5}, "lasting gives seconds by state; found 5."),
    ],
)
def test_options_that_cannot_be_are_refused(
    request: pytest.FixtureRequest, option: dict[str, Any], says: str
) -> None:
    request.node.add_marker(pytest.mark.offline_openai(**option))
    with pytest.raises(UsageError) as caught:
        service_for(request)
    assert says in str(caught.value)


def test_options_without_names_are_refused(request: pytest.FixtureRequest) -> None:
    request.node.add_marker(pytest.mark.offline_openai("manual"))
    with pytest.raises(UsageError, match="its options have names; found 'manual' without one"):
        service_for(request)


def test_a_learner_may_be_a_class(request: pytest.FixtureRequest) -> None:
    request.node.add_marker(pytest.mark.offline_openai(learner=Other))
    service_for(request).close()


def test_the_test_says_what_is_wrong(suite: Callable[..., pytest.RunResult]) -> None:
    result = suite(
        """
        import pytest

        @pytest.mark.offline_openai(sped=1)
        def test_it(offline_openai):
            pass
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["offline_openai: unknown option 'sped'. Did you mean 'seed'? *"])
    result.stdout.no_fnmatch_line("*Traceback*")
