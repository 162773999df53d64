"""What the recordings hold: each flow runs the same when it is recorded and when it is played."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pitchpipe.default_plugins.predictors.openai import OpenAIPredictor
from pitchpipe.default_plugins.trainers.openai import OpenAITrainer
from pitchpipe.records import Contract, Job, PreparedData, Request, TrainingSpec

MODEL = "gpt-4.1-nano-2025-04-14"
SYSTEM = "Is this film review good or bad?"
REVIEWS = (
    ("a warm and funny afternoon", "pos"),
    ("dull from its first minute", "neg"),
    ("two leads who light up the screen", "pos"),
    ("a script nobody can have read twice", "neg"),
    ("gentle, wise and beautifully shot", "pos"),
    ("loud, long and pointless", "neg"),
    ("i left smiling", "pos"),
    ("i left early", "neg"),
    ("every scene earns its place", "pos"),
    ("every joke is a year old", "neg"),
    ("a small film with a big heart", "pos"),
    ("a big film with no heart", "neg"),
    ("the ending is perfect", "pos"),
    ("the ending never comes", "neg"),
)
HELD_OUT = 2
CONTRACT = Contract("chat", "chat", {"system": SYSTEM}, ("neg", "pos"), (), 4)


@dataclass
class Book:
    """A ledger in memory that was begun with a run key of our choice, so that it can be played."""

    run_key: str
    done_steps: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def outcome(self, step: str) -> Mapping[str, Any] | None:
        return self.done_steps.get(step)

    def intend(self, step: str, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"run_key": self.run_key} if step == "job" else detail

    def done(self, step: str, outcome: Mapping[str, Any]) -> None:
        self.done_steps[step] = outcome


@dataclass(frozen=True)
class Stage:
    """What a flow is given.

    Attributes:
        base_url: the service.
        folder: an empty folder for its files.
        run_key: under which its job is created.
        poll_seconds: seconds between two looks at the job.
    """

    base_url: str
    folder: Path
    run_key: str
    poll_seconds: float = 0.0

    @property
    def trainer(self) -> OpenAITrainer:
        return OpenAITrainer(
            base_url=self.base_url, poll_seconds=self.poll_seconds, retry_seconds=0.0
        )

    @property
    def predictor(self) -> OpenAIPredictor:
        return OpenAIPredictor(base_url=self.base_url, retry_seconds=0.0, concurrency=1)

    def submit(self, broken: bool = False) -> Job:
        spec = TrainingSpec(MODEL, n_epochs=2, batch_size=4, suffix="films", seed=7)
        return self.trainer.submit(_files(self.folder, broken), spec, Book(self.run_key))


def success(stage: Stage) -> dict[str, Any]:
    """Upload, create, poll to success, checkpoints, result file, contract, predictions."""
    trainer = stage.trainer
    job = stage.submit()
    events = list(trainer.follow(job.id))
    job = trainer.job(job.id)
    assert job.fine_tuned_model is not None
    answers = stage.predictor.predict(job.fine_tuned_model, map(ask, REVIEWS), Book(""))
    return {
        "job": job,
        "events": events,
        "checkpoints": trainer.checkpoints(job.id),
        "metrics": trainer.metrics(job.id),
        "contract": trainer.contract(job.fine_tuned_model),
        "answers": list(answers),
    }


def failure(stage: Stage) -> dict[str, Any]:
    """A job that fails over a line of its training file."""
    job = stage.submit(broken=True)
    events = list(stage.trainer.follow(job.id))
    return {"job": stage.trainer.job(job.id), "events": events}


def cancelled(stage: Stage) -> dict[str, Any]:
    """A job that is cancelled while it runs."""
    job = stage.submit()
    stream = stage.trainer.follow(job.id)
    next(stream)
    stream.close()
    return {"job": stage.trainer.cancel(job.id), "listed": next(stage.trainer.jobs())}


def busy(stage: Stage) -> dict[str, Any]:
    """A request that is answered with 429 before it is answered."""
    return {"answers": list(stage.predictor.predict(MODEL, [ask(REVIEWS[0])], Book("")))}


FLOWS: Mapping[str, Callable[[Stage], dict[str, Any]]] = {
    "success": success,
    "failure": failure,
    "cancelled": cancelled,
    "busy": busy,
}


def ask(review: tuple[str, str]) -> Request:
    """The question about one review."""
    body = {"messages": _messages(review[0]), "temperature": 0, "max_completion_tokens": 4}
    return Request("chat.completions", body | {"logprobs": True, "top_logprobs": 5})


def _messages(text: str) -> list[dict[str, Any]]:
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]


def _files(folder: Path, broken: bool) -> PreparedData:
    lines = [
        json.dumps({"messages": [*_messages(text), {"role": "assistant", "content": label}]}) + "\n"
        for text, label in REVIEWS
    ]
    train, valid = folder / "train.jsonl", folder / "valid.jsonl"
    train.write_text("".join(lines[:-HELD_OUT]) + '{"messages": "none"}\n' * broken)
    valid.write_text("".join(lines[-HELD_OUT:]))
    return PreparedData(train, valid, len(lines) - HELD_OUT, HELD_OUT, CONTRACT)
