"""How many rows a second each stage deals with, in a run over a large table."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.data import write_csv
from benchmarks.figure import Figure
from pitchpipe import Pipeline

ROWS = 100_000


def measure(count: int = ROWS) -> Iterator[Figure]:
    """Runs the whole pipeline once; training counts a row once an epoch."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = write_csv(folder / "table.csv", count)
        pipeline = Pipeline.from_config(
            {"trainer": {"name": "fake", "base_url": f"offline:{folder / 'service'}"}}
        )
        run = pipeline.run(table, folder / "run")
        epochs = int(run.job.hyperparameters["n_epochs"])
        handled = {
            "train": run.prepared.train_rows,  # the upload and its check
            "follow": run.prepared.train_rows * epochs,  # the training itself
            "predict": run.prepared.valid_rows,
            "score": run.prepared.valid_rows,
        }
        for stage, seconds in run.stages.items():
            amount = handled.get(stage, count)
            yield Figure("stages", f"{stage}, {amount:,} rows", amount / seconds, "rows/s")
