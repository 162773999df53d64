"""The promises of both predictors, asked through the offline service in this process."""

from __future__ import annotations

from pathlib import Path

from pitchpipe.default_plugins.predictors import BatchPredictor, OpenAIPredictor
from pitchpipe.default_plugins.trainers.fake import FakeTrainer
from pitchpipe.testing import Check, Subject, parametrize_with_checks
from pitchpipe.testing.conformance.jobs import followed


def url(folder: Path) -> str:
    return f"offline:{folder / 'service'}"


def tuned(folder: Path) -> str:
    subject = Subject(FakeTrainer(base_url=url(folder)), folder=folder)
    job, _ = followed(subject)
    assert job.fine_tuned_model is not None
    return job.fine_tuned_model


@parametrize_with_checks(
    [
        Subject(
            OpenAIPredictor(),
            within=lambda folder: OpenAIPredictor(base_url=url(folder)),
            model=tuned,
        ),
        Subject(
            OpenAIPredictor(concurrency=3),
            "ConcurrentPredictor",
            within=lambda folder: OpenAIPredictor(base_url=url(folder), concurrency=3),
            model=tuned,
        ),
        Subject(
            BatchPredictor(),
            within=lambda folder: BatchPredictor(base_url=url(folder), batch_size=2),
            model=tuned,
        ),
    ]
)
def test_promises(stage: object, check: Check) -> None:
    check(stage)
