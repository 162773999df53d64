"""The trainer for practice: the openai trainer, talking to the offline service."""

from __future__ import annotations

from dataclasses import dataclass

from pitchpipe.default_plugins.trainers.openai import OpenAITrainer


@dataclass(frozen=True)
class FakeTrainer(OpenAITrainer):
    """Every step of the real thing in this process, and a small classifier in place of a model.

    Attributes:
        base_url: the folder in which the offline service keeps its files, jobs and models.
    """

    base_url: str | None = "offline:.pitchpipe/service"

    def __post_init__(self) -> None:
        """Refuses any other service: what that trains is for the openai trainer to say."""
        super().__post_init__()
        if not self.offline:
            raise ValueError(
                f"base_url must begin with 'offline:'; found {self.url!r}. "
                "Use trainer 'openai' for a service with an address."
            )
