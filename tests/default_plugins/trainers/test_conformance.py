"""The promises of the trainers, kept through the offline service in this process."""

from __future__ import annotations

from pitchpipe.default_plugins.trainers.fake import FakeTrainer
from pitchpipe.default_plugins.trainers.openai import OpenAITrainer
from pitchpipe.testing import Check, Subject, parametrize_with_checks


@parametrize_with_checks(
    [
        Subject(stage(), within=lambda folder, stage=stage: stage(base_url=f"offline:{folder}/of"))
        for stage in (OpenAITrainer, FakeTrainer)
    ]
)
def test_promises(stage: object, check: Check) -> None:
    check(stage)
