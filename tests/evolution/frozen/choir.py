"""A plugin as its author wrote it for an early contract of 0.1. Do not bring it up to date.

It knows nothing of what the contracts gained since: no ``order``, ``sieve``, ``questions``,
``answers``, ``read``, ``quick``, ``hosted``, ``severity``, ``fixes`` or ``capabilities``, no
``training`` in ``bind`` and no ``stage_progressed``. It must work, without a warning, until a
major version says otherwise.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

from pitchpipe import hookimpl
from pitchpipe.errors import DataError
from pitchpipe.records import (
    Contract,
    Estimate,
    Finding,
    Fix,
    Job,
    JobEvent,
    Prediction,
    Request,
    Severity,
)
from pitchpipe.stages import (
    Engine,
    FitStep,
    Formatter,
    Learner,
    Predictor,
    Splitter,
    Token,
    Trainer,
    Validator,
)

HEARD = []


@dataclass(frozen=True)
class ChoirFormatter(Formatter):
    """Questions end with a mark."""

    format: ClassVar = "completion"

    mark: str = " ->"

    def required_columns(self, available):
        return ("prompt", "completion")

    def apply(self, chunk):
        records = pd.DataFrame({"prompt": chunk["prompt"] + self.mark}, index=chunk.index)
        if "completion" in chunk.columns:
            records["completion"] = " " + chunk["completion"]
        return records

    def is_formatted(self, chunk):
        return False

    def request(self, record):
        return Request("completions", {"prompt": record["prompt"], "max_tokens": 9})

    def reference(self, record):
        return record.get("completion")

    def parse(self, answer):
        return answer.removeprefix(" ")

    def contract(self, name, labels=()):
        return Contract(self.format, name, {"mark": self.mark}, tuple(sorted(labels)), ("\n",), 9)


@dataclass(frozen=True)
class Trim:
    def __call__(self, chunk):
        return chunk.assign(prompt=chunk["prompt"].str.strip())


@dataclass(frozen=True)
class NoBlanks(Validator):
    """Finds prompts with blanks at an end."""

    scope: ClassVar = "source"

    stop: str = ""

    def bind(self, contract):
        return NoBlanks(contract.stop[0])

    def start(self):
        return ()

    def observe(self, state, chunk):
        return (*state, *(int(n) for n, p in chunk["prompt"].items() if p != p.strip()))

    def merge(self, a, b):
        return (*a, *b)

    def conclude(self, state):
        if not state:
            return []
        fix = Fix("trim them", Trim())
        message = f"blanks before {self.stop!r}"
        return [Finding("no-blanks", Severity.WARNING, message, len(state), state[:5], fix=fix)]


@dataclass(frozen=True)
class EveryNth(Splitter):
    """Holds out every nth row."""

    n: int = 5

    def split(self, index):
        return pd.Series([i % self.n == 0 for i in range(len(index))], index=index.index)


@dataclass(frozen=True)
class Plain(Engine):
    """Here and now."""

    def map(self, function, items):
        return map(function, items)


@dataclass(frozen=True)
class Memory(Trainer):
    """Remembers every record in a file."""

    predictor: ClassVar = "memory"

    folder: str = "memory"

    @property
    def tunes_language_model(self):
        return False

    def predictor_options(self):
        return {"folder": self.folder}

    def estimate(self, data, spec):
        return Estimate(data.train_rows, 1, 0.0, "counted")

    def submit(self, data, spec, ledger):
        known = ledger.outcome("job")
        if known is None:
            ledger.intend("job", {"rows": data.train_rows})
            records = [json.loads(line) for line in data.train.read_text("utf-8").splitlines()]
            Path(self.folder).mkdir(exist_ok=True)
            answers = {record["prompt"]: record["completion"] for record in records}
            (Path(self.folder) / "m1.json").write_text(json.dumps(answers), encoding="utf-8")
            ledger.done("job", {"id": "m1"})
        return self.job("m1")

    def follow(self, job_id, seen=()):
        if "e1" not in seen:
            yield JobEvent("e1", 1, "info", "remembered")

    def job(self, job_id):
        return Job(job_id, "succeeded", "none", job_id, 1, 2)

    def jobs(self):
        yield self.job("m1")

    def cancel(self, job_id):
        raise DataError("it is over already.")

    pause = resume = cancel

    def checkpoints(self, job_id):
        return []

    def metrics(self, job_id):
        return pd.DataFrame({"step": [1], "train_loss": [0.0]})

    def contract(self, model):
        return None


@dataclass(frozen=True)
class Recall(Predictor):
    """Answers with what was remembered, else with what was remembered first."""

    folder: str = "memory"

    def predict(self, model, requests, ledger):
        answers = json.loads((Path(self.folder) / f"{model}.json").read_text("utf-8"))
        for request in requests:
            prompt = request.body["prompt"]
            yield Prediction(answers.get(prompt, next(iter(answers.values()))))


class Parrot(Learner):
    """Says what it heard most."""

    def __init__(self, counts):
        self.counts = counts

    @classmethod
    def create(cls):
        return cls({})

    @classmethod
    def load(cls, folder):
        return cls(json.loads((folder / "parrot.json").read_text("utf-8")))

    def save(self, folder):
        (folder / "parrot.json").write_text(json.dumps(self.counts), encoding="utf-8")

    def fit(self, train, valid, options, done_epochs=0):
        for epoch in range(done_epochs, options.n_epochs):
            for record in train:
                answer = record["completion"]
                self.counts[answer] = self.counts.get(answer, 0) + 1
            yield FitStep(epoch + 1, epoch + 1, True, 1.0, 0.5, 1.0, 0.5)

    def answer(self, request, temperature=0.0, seed=0):
        best = max(sorted(self.counts), key=self.counts.__getitem__)
        return [Token(best, -0.1)]


@hookimpl
def register_formatters(register):
    register("choir", ChoirFormatter)


@hookimpl
def register_validators(register):
    register("no-blanks", NoBlanks)


@hookimpl
def register_splitters(register):
    register("every-nth", EveryNth)


@hookimpl
def register_engines(register):
    register("plain", Plain)


@hookimpl
def register_trainers(register):
    register("memory", Memory)


@hookimpl
def register_predictors(register):
    register("memory", Recall)


@hookimpl
def register_learners(register):
    register("parrot", Parrot)


@hookimpl
def run_started(run):
    HEARD.append(("run_started", run.name))


@hookimpl
def stage_started(run, stage):
    HEARD.append(("stage_started", stage))


@hookimpl
def stage_finished(run, stage, seconds):
    HEARD.append(("stage_finished", stage))


@hookimpl
def stage_failed(run, stage, error):
    HEARD.append(("stage_failed", stage))


@hookimpl
def job_event(run, event):
    HEARD.append(("job_event", event.id))


@hookimpl
def run_finished(run, error):
    HEARD.append(("run_finished", error))
