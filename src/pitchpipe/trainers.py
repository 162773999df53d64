"""The trainers that come with Pitchpipe, to be given to a pipeline as objects, or extended."""

from __future__ import annotations

from pitchpipe.default_plugins.trainers.fake import FakeTrainer
from pitchpipe.default_plugins.trainers.openai import OpenAITrainer

__all__ = ["FakeTrainer", "OpenAITrainer"]
