import pytest

from pitchpipe.default_plugins.trainers.openai import OpenAITrainer
from pitchpipe.records import TrainingSpec


@pytest.fixture
def model(server, prepared, ledger):
    """A tuned model at the server, whose requests are then forgotten."""
    trainer = OpenAITrainer(base_url=server.url, poll_seconds=0.0, retry_seconds=0.0)
    job = trainer.submit(prepared, TrainingSpec("babbage-002", n_epochs=4, seed=1), ledger())
    list(trainer.follow(job.id))
    name = trainer.job(job.id).fine_tuned_model
    server.requests.clear()
    return name


@pytest.fixture
def labels(records):
    return [row["completion"].strip("\n") for row in records]
