"""The predictors that come with Pitchpipe."""

from __future__ import annotations

from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Predictor


@hookimpl
def register_predictors(register: Register[type[Predictor]]) -> None:
    """Offers them."""
