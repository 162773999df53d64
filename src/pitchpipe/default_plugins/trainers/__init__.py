"""The trainers that come with Pitchpipe."""

from __future__ import annotations

from pitchpipe.default_plugins.trainers.fake import FakeTrainer
from pitchpipe.default_plugins.trainers.openai import OpenAITrainer
from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Trainer


@hookimpl
def register_trainers(register: Register[type[Trainer]]) -> None:
    """Offers them."""
    register("openai", OpenAITrainer)
    register("fake", FakeTrainer)
