"""The trainer for practice: the openai trainer, talking to the offline service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.trainers.openai import OpenAITrainer


@dataclass(frozen=True)
class FakeTrainer(OpenAITrainer):
    """Every step of the real thing in this process, and a small classifier in place of a model.

    Attributes:
        base_url: the folder in which the offline service keeps its files, jobs and models.
    """

    tunes_language_model: ClassVar[bool] = False

    base_url: str | None = "offline:.pitchpipe/service"
