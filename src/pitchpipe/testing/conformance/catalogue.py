"""All promises, by the contract that makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pitchpipe.stages import Learner
from pitchpipe.testing.conformance import (
    engines,
    fixes,
    formatters,
    learners,
    predictors,
    splitters,
    trainers,
    validators,
)
from pitchpipe.testing.conformance.promises import Promise
from pitchpipe.testing.conformance.stages import for_kind
from pitchpipe.testing.conformance.subject import KINDS

_MODULES = (formatters, validators, fixes, splitters, trainers, predictors, learners, engines)

PROMISES: Mapping[type, Sequence[Promise]] = {
    kind: [
        # a learner is one model, and changes as it trains
        *([] if kind is Learner else for_kind(kind)),
        *(p for module in _MODULES for p in module.promise.all if p.kind is kind),
    ]
    for kind in KINDS
}
