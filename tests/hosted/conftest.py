import json
from dataclasses import dataclass

import pytest

from old_service import KEY, old_service
from pitchpipe.default_plugins.openai_client import Connection


def chats(count=20, word="yes"):
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"question {n}"},
                {"role": "assistant", "content": word if n % 3 else "no"},
            ]
        }
        for n in range(count)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@dataclass
class Account:
    """What a team has at the old service."""

    client: object
    training: object
    validation: object
    unused: object
    job: object
    batch: object

    @property
    def model(self):
        return self.job.fine_tuned_model


@pytest.fixture
def environment(monkeypatch):
    for name in ("OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "AZURE_OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)


@pytest.fixture
def account(environment, offline_openai):
    """A job that has succeeded, a batch that has been answered, and a file that nobody uses."""
    client = offline_openai

    def file(name, content, purpose="fine-tune", **options):
        return client.files.create(file=(name, content), purpose=purpose, **options)

    training, validation = file("train.jsonl", chats(40)), file("valid.jsonl", chats(8))
    unused = file("old.jsonl", chats(3), expires_after={"anchor": "created_at", "seconds": 3600})
    job = client.fine_tuning.jobs.create(
        model="gpt-4o-mini-2024-07-18",
        training_file=training.id,
        validation_file=validation.id,
        suffix="mine",
        seed=7,
    )
    job = client.fine_tuning.jobs.retrieve(job.id)
    assert job.status == "succeeded"
    body = {"model": job.fine_tuned_model, "messages": [{"role": "user", "content": "question 1"}]}
    line = {
        "custom_id": "1",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": body,
    }
    asked = file("asked.jsonl", json.dumps(line).encode() + b"\n", "batch")
    batch = client.batches.create(
        input_file_id=asked.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    batch = client.batches.retrieve(batch.id)
    assert batch.status == "completed"
    return Account(client, training, validation, unused, job, batch)


@pytest.fixture
def old(account, offline_service):
    """The same service on loopback, which may answer otherwise."""
    with old_service(offline_service) as server:
        yield server


@pytest.fixture
def connection(old):
    return Connection(base_url=old.url, retry_seconds=0.0, max_retries=2)


@pytest.fixture
def offline(account, offline_openai_url):
    """The service's own server, with the faults of its control surface."""
    return Connection(base_url=offline_openai_url, retry_seconds=0.0, max_retries=2)
