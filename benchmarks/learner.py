"""The offline service's own learner: how fast, and how right after how many examples."""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.data import records, rows
from benchmarks.figure import Figure
from pitchpipe import Pipeline
from pitchpipe.service.learners.ngram import NgramLearner
from pitchpipe.stages import FitOptions, FitStep

EXAMPLES, EPOCHS, BATCH = 5000, 4, 8
SIZES = (320, 1000, 5000)
LONG = (1, 4, 30)

Record = dict[str, Any]


def measure() -> Iterator[Figure]:
    """Its speed, on made-up text."""
    made_up = records(rows(EXAMPLES))
    begin = time.perf_counter()
    _fit(made_up, [], EPOCHS)
    seconds = time.perf_counter() - begin
    yield Figure("learner", f"{EXAMPLES:,} examples x {EPOCHS} epochs", seconds, "s", "<= 2")


def measure_curve(table: Path, prompt_column: str, completion_column: str) -> Iterator[Figure]:
    """Its accuracy by the number of examples, and its losses by the number of epochs."""
    columns = {"prompt_column": prompt_column, "completion_column": completion_column}
    with tempfile.TemporaryDirectory() as folder:
        prepared = Pipeline.from_config({"data": columns}).prepare(table, folder)
        train, valid = _records(prepared.train), _records(prepared.valid)
    random.Random(0).shuffle(train)
    title = table.name
    for size in [*(size for size in SIZES if size < len(train)), len(train)]:
        last = _fit(train[:size], valid, EPOCHS)[-1]
        name = f"{title}: accuracy, {size:,} examples, {EPOCHS} epochs"
        yield Figure("learner", name, last.valid_accuracy or 0.0, "")
    few = train[: SIZES[0]]
    steps = _fit(few, valid, max(LONG))
    for epochs in LONG:
        of_epoch = [step for step in steps if step.epoch == epochs]
        train_loss = sum(step.train_loss for step in of_epoch) / len(of_epoch)
        name = f"{title}: loss, {len(few)} examples, epoch {epochs}"
        yield Figure("learner", f"{name}, training", train_loss, "nats")
        yield Figure("learner", f"{name}, validation", of_epoch[-1].valid_loss or 0.0, "nats")


def _records(path: Path | None) -> list[Record]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]] if path else []


def _fit(train: Sequence[Record], valid: Sequence[Record], epochs: int) -> list[FitStep]:
    options = FitOptions(n_epochs=epochs, batch_size=BATCH, seed=1)
    return list(NgramLearner.create().fit(train, valid, options))
