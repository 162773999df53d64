"""All promises, by the contract that makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pitchpipe.stages import Learner
from pitchpipe.testing.conformance import formatters, splitters
from pitchpipe.testing.conformance.promises import Promise
from pitchpipe.testing.conformance.stages import for_kind

_KINDS = (formatters.promise, splitters.promise)

PROMISES: Mapping[type, Sequence[Promise]] = {
    # a learner is one model, and changes as it trains
    promise.kind: [*([] if promise.kind is Learner else for_kind(promise.kind)), *promise.all]
    for promise in _KINDS
}
