"""A learner small enough to know by heart, and services that run it."""

from __future__ import annotations

import base64
import json
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import openai
import pytest

from pitchpipe.service.engine.clock import ManualClock
from pitchpipe.service.http import Request, dumps
from pitchpipe.service.service import Service
from pitchpipe.service.transports import BASE_URL, openai_http_client
from pitchpipe.stages import FitOptions, FitStep, Learner, Token


class CountingLearner(Learner):
    """Answers with the completion it has met most often; its loss depends on order and epoch."""

    def __init__(self) -> None:
        self.weights: dict[str, float] = {}

    @classmethod
    def create(cls) -> Self:
        return cls()

    @classmethod
    def load(cls, folder: Path) -> Self:
        learner = cls()
        learner.weights = json.loads((folder / "weights.json").read_text())
        return learner

    def save(self, folder: Path) -> None:
        (folder / "weights.json").write_text(json.dumps(self.weights))

    def fit(
        self,
        train: Sequence[Mapping[str, Any]],
        valid: Sequence[Mapping[str, Any]],
        options: FitOptions,
        done_epochs: int = 0,
    ) -> Iterator[FitStep]:
        size = options.batch_size
        batches = math.ceil(len(train) / size)
        step = done_epochs * batches
        for epoch in range(done_epochs + 1, options.n_epochs + 1):
            order = list(train)
            random.Random(f"{options.seed}/{epoch}").shuffle(order)
            for start in range(0, len(order), size):
                batch = [_answer(record) for record in order[start : start + size]]
                loss = math.fsum(1 / (1 + self.weights.get(text, 0)) for text in batch)
                for text in batch:
                    gain = options.learning_rate_multiplier * epoch
                    self.weights[text] = self.weights.get(text, 0) + gain
                step += 1
                last = start + size >= len(order)
                held_out = 1 / (1 + sum(self.weights.values())) if last and valid else None
                yield FitStep(
                    step, epoch, last, loss / len(batch), 1.0, held_out, held_out and 1 - held_out
                )

    def answer(
        self, request: Mapping[str, Any], temperature: float = 0.0, seed: int = 0
    ) -> Sequence[Token]:
        if not self.weights:
            return [Token("untrained", -0.5, (("untrained", -0.5), ("other", -1.5)))]
        total = sum(self.weights.values())
        ranked = sorted(self.weights, key=lambda text: (-self.weights[text], text))
        chosen = random.Random(seed).choice(ranked) if temperature else ranked[0]
        pairs = tuple((text, math.log(self.weights[text] / total)) for text in ranked)
        words = chosen.split(" ")
        first = Token(words[0], dict(pairs)[chosen], tuple((t.split(" ")[0], p) for t, p in pairs))
        return [first, *(Token(f" {word}", -0.1, ((f" {word}", -0.1),)) for word in words[1:])]


def _answer(record: Mapping[str, Any]) -> str:
    if "completion" in record:
        return str(record["completion"])
    messages = record.get("messages") or record["preferred_output"]
    return str(messages[-1]["content"])


def decoded(text: str) -> str:
    """The table in a result file, as its text is served."""
    return base64.b64decode(text, validate=True).decode()


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def completion_lines(count: int = 20) -> bytes:
    rows = [{"prompt": f"{n} ->", "completion": "yes now" if n % 3 else "no"} for n in range(count)]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def chat_lines(count: int = 20) -> bytes:
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"{n}?"},
                {"role": "assistant", "content": "yes now" if n % 3 else "no"},
            ]
        }
        for n in range(count)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def preference_lines(count: int = 20) -> bytes:
    rows = [
        {
            "input": {"messages": [{"role": "user", "content": f"{n}?"}]},
            "preferred_output": [{"role": "assistant", "content": "yes"}],
            "non_preferred_output": [{"role": "assistant", "content": "no"}],
        }
        for n in range(count)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


class Lab:
    """A service and the real client in front of it."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        common = {"learner": CountingLearner, "clock": self.clock, "seed": 0}
        self.service = Service(**common | options)
        self.client = openai.OpenAI(
            api_key="any",
            base_url=BASE_URL,
            max_retries=0,
            http_client=openai_http_client(self.service),
        )

    def upload(
        self, content: bytes | None = None, purpose: Any = "fine-tune", name: str = "data.jsonl"
    ) -> str:
        content = completion_lines() if content is None else content
        return self.client.files.create(file=(name, content), purpose=purpose).id

    def create(self, content: bytes | None = None, **options: Any) -> Any:
        """A job, by default on 20 completion records."""
        options = {"model": "babbage-002", "training_file": self.upload(content)} | options
        return self.client.fine_tuning.jobs.create(**options)

    def run(self, content: bytes | None = None, **options: Any) -> Any:
        """A job that has ended."""
        return self.finish(self.create(content, **options).id)

    def finish(self, job_id: str) -> Any:
        for _ in range(10_000):
            self.service.advance(job_id)
            job = self.client.fine_tuning.jobs.retrieve(job_id)
            if job.status in ("succeeded", "failed", "cancelled"):
                return job
        raise AssertionError(f"{job_id} does not end")

    def batch(self, count: int = 3) -> str:
        """The id of a batch of so many completions."""
        body = {"model": "babbage-002", "prompt": "x"}
        request = {"method": "POST", "url": "/v1/completions", "body": body}
        lines = [json.dumps(request | {"custom_id": str(number)}) for number in range(count)]
        return self.client.batches.create(
            input_file_id=self.upload("\n".join(lines).encode(), purpose="batch"),
            endpoint="/v1/completions",
            completion_window="24h",
        ).id

    def result(self, job: Any) -> str:
        """The table in a job's result file."""
        return decoded(self.client.files.content(job.result_files[0]).text)

    def events(self, job_id: str) -> list[Any]:
        """Oldest first."""
        return list(self.client.fine_tuning.jobs.list_events(job_id, limit=100))[::-1]

    def close(self) -> None:
        self.client.close()
        self.service.close()


class Client:
    """Asks a service without any library, and tells all that it holds."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def call(self, method: str, path: str, body: Any = None) -> Any:
        content = b"" if body is None else dumps(body)
        response = self.service.handle(Request.of(method, f"/v1/{path}", [], content))
        return json.loads(response.body) | {"request_id": response.headers["x-request-id"]}

    def upload(self, content: bytes, purpose: str = "fine-tune") -> str:
        part = b'--b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
        form = part % (b"purpose", b"", purpose.encode())
        form += part % (b"file", b';filename="f"', content) + b"--b--"
        kind = [("content-type", "multipart/form-data; boundary=b")]
        response = self.service.handle(Request.of("POST", "/v1/files", kind, form))
        return str(json.loads(response.body)["id"])

    def create(self, file_id: str, **options: Any) -> Any:
        """A job of sixteen steps for twenty records."""
        options = {"hyperparameters": {"n_epochs": 4, "batch_size": 5}} | options
        body = {"model": "babbage-002", "training_file": file_id} | options
        return self.call("POST", "fine_tuning/jobs", body).get("id")

    def ask(self, model: str, temperature: float = 1.0, **options: Any) -> Any:
        body = {"model": model, "prompt": "x", "n": 3, "temperature": temperature, **options}
        return self.call("POST", "completions", body)

    def ids(self, path: str) -> list[str]:
        return [found["id"] for found in self.call("GET", path)["data"]]

    def holdings(self) -> dict[str, Any]:
        """Every object, every byte, and what every model says."""
        told = {path: self.call("GET", path)["data"] for path in ("files", "models", "batches")}
        told["jobs"] = self.call("GET", "fine_tuning/jobs?limit=1000")["data"]
        for job_id in self.ids("fine_tuning/jobs?limit=1000"):
            for part in ("events", "checkpoints"):
                path = f"fine_tuning/jobs/{job_id}/{part}?limit=1000"
                told[path] = self.call("GET", path)["data"]
        for file_id in self.ids("files"):
            response = self.service.handle(Request.of("GET", f"/v1/files/{file_id}/content"))
            told[f"content of {file_id}"] = response.body
        for model in self.ids("models"):
            if model.startswith("ft:"):
                told[f"answer of {model}"] = self.ask(model, seed=1)["choices"]
        return told

    def story(self, content: bytes) -> tuple[Any, Any, Any]:
        """What comes of a file from here on: ids, losses, answers, and the ids of answers."""
        control = self.service.control
        job_id = self.create(self.upload(content))
        control.advance(job_id, steps=50)
        job = self.call("GET", f"fine_tuning/jobs/{job_id}")
        events = self.call("GET", f"fine_tuning/jobs/{job_id}/events?limit=1000")
        return job, events, self.ask(job["fine_tuned_model"])


@pytest.fixture
def make_client() -> Iterator[Callable[..., Client]]:
    """Makes services whose time stands still, and what asks them; takes options of ``Service``."""
    made: list[Client] = []

    def make(**options: Any) -> Client:
        common = {"learner": CountingLearner, "clock": ManualClock(), "pace": "manual", "seed": 0}
        made.append(Client(Service(**common | options)))
        return made[-1]

    yield make
    for client in made:
        client.service.close()


@pytest.fixture
def make_lab() -> Iterator[Callable[..., Lab]]:
    """Makes services; takes the options of ``Service``."""
    made: list[Lab] = []

    def make(**options: Any) -> Lab:
        made.append(Lab(**options))
        return made[-1]

    yield make
    for lab in made:
        lab.close()


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    return make_lab()


@pytest.fixture
def lines() -> Mapping[str, Callable[..., bytes]]:
    """Training files by format."""
    return {
        "completion": completion_lines,
        "chat": chat_lines,
        "preference": preference_lines,
    }


@pytest.fixture
def learner() -> type[Learner]:
    return CountingLearner
