"""The learners that come with Pitchpipe."""

from __future__ import annotations

from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.service.learners.ngram import NgramLearner
from pitchpipe.stages import Learner


@hookimpl
def register_learners(register: Register[type[Learner]]) -> None:
    """Offers them."""
    register("ngram", NgramLearner)
