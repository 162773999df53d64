"""The predictors that come with Pitchpipe."""

from __future__ import annotations

from pitchpipe.default_plugins.predictors.batch import BatchPredictor
from pitchpipe.default_plugins.predictors.openai import OpenAIPredictor
from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Predictor


@hookimpl
def register_predictors(register: Register[type[Predictor]]) -> None:
    """Offers them."""
    register("openai", OpenAIPredictor)
    register("batch", BatchPredictor)
