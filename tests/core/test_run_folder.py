from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pitchpipe.config import Config
from pitchpipe.errors import RunError
from pitchpipe.plugins import PluginHost
from pitchpipe.records import (
    Checkpoint,
    Contract,
    Estimate,
    Finding,
    Job,
    PreparedData,
    Severity,
    TrainedModel,
)
from pitchpipe.run import (
    PACKAGES,
    Run,
    RunFolder,
    default_folder,
    fingerprint,
    load_job,
    load_model,
    load_scores,
    save_job,
    save_model,
    save_start,
)

CONTRACT = Contract("completion", "completion", {"suffix": "."}, ("a", "b"), ("\n",), 2)
JOB = Job(
    "job-1", "succeeded", "m", "ft:m", 1, 2, 300, None, "f1", "f2", ("r1",), 7, {"n": 1}, {"k": "v"}
)
MODEL = TrainedModel(
    "ft:m", "m", "fake", CONTRACT, "job-1", 300, (Checkpoint("c", "ft:m:1", 10, {"loss": 0.5}),)
)


def test_everything_lies_in_the_folder(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "films-1")
    names = {
        "journal": "journal.jsonl",
        "config": "config.toml",
        "versions": "versions.json",
        "findings": "findings.json",
        "job": "job.json",
        "events": "events.jsonl",
        "metrics": "metrics.csv",
        "model": "model.json",
        "predictions": "predictions.jsonl",
        "scores": "scores.json",
    }
    assert {key: getattr(folder, key) for key in names} == {
        key: folder.path / name for key, name in names.items()
    }
    assert folder.outputs.train == folder.path / "prepared" / "train.jsonl"
    assert (folder.info.name, folder.info.folder) == ("films-1", folder.path)


def test_jobs_and_models_survive_their_files(tmp_path: Path) -> None:
    save_job(tmp_path / "job.json", JOB)
    save_model(tmp_path / "model.json", MODEL)
    assert load_job(tmp_path / "job.json") == JOB
    assert load_model(tmp_path / "model.json") == MODEL


def test_scores_are_read_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    path.write_text('{"accuracy": 1.0}', encoding="utf-8")
    assert load_scores(path) == {"accuracy": 1.0}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file; the run has not come that far"),
        (b"{", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"[1]", "expected a JSON object"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_bytes(content)
    for load in (load_job, load_model, load_scores):
        with pytest.raises(RunError, match=rf"x\.json: {message}"):
            load(path)


def test_the_start_is_written_down(tmp_path: Path) -> None:
    config = Config.from_mapping({"training": {"n_epochs": 2}})
    folder = RunFolder(tmp_path / "run")
    save_start(folder, config, PluginHost(entry_points=False))
    assert Config.load(folder.config) == config
    versions: dict[str, Any] = json.loads(folder.versions.read_text(encoding="utf-8"))
    assert set(versions["packages"]) == set(PACKAGES)
    assert "pitchpipe:splitters" in versions["plugins"]


def test_the_fingerprint_tells_executions_apart() -> None:
    config = Config()
    same = fingerprint(config, "s")
    assert len(same) == 16
    assert same == fingerprint(Config.from_mapping({"run": {"folder": "elsewhere"}}), "s")
    assert same != fingerprint(config, "t")
    assert same != fingerprint(Config.from_mapping({"training": {"seed": 1}}), "s")


def test_the_same_execution_has_the_same_folder_unless_fresh(tmp_path: Path) -> None:
    first = default_folder(tmp_path, "films", "0123456789", fresh=False)
    assert first == tmp_path / "films-01234567"
    assert default_folder(tmp_path, "films", "0123456789", fresh=True) == first
    first.mkdir()
    (tmp_path / "films-01234567-2").mkdir()
    assert default_folder(tmp_path, "films", "0123456789", fresh=False) == first
    assert default_folder(tmp_path, "films", "0123456789", fresh=True).name == "films-01234567-3"


def test_a_run_is_summed_up_in_json(tmp_path: Path) -> None:
    finding = Finding("r", Severity.NOTE, "m")
    prepared = PreparedData(tmp_path, None, 8, 2, CONTRACT, (finding,), ("a note",))
    run = Run(
        folder=tmp_path,
        config=Config(),
        prepared=prepared,
        job=JOB,
        model=MODEL,
        scores={"accuracy": 1.0},
        stages={"read": 0.12345},
        estimate=Estimate(300, 3, None, "rough"),
        tunes_language_model=False,
    )
    assert (run.notes, run.findings) == (("a note",), (finding,))
    assert json.loads(json.dumps(run.summary())) == {
        "run_dir": str(tmp_path),
        "model": "ft:m",
        "base_model": "m",
        "method": "supervised",
        "job": "job-1",
        "tunes_language_model": False,
        "train_rows": 8,
        "valid_rows": 2,
        "estimate": {"tokens": 300, "epochs": 3, "cost": None, "source": "rough", "seconds": None},
        "trained_tokens": 300,
        "scores": {"accuracy": 1.0},
        "stages": {"read": 0.123},
        "findings": [finding.to_json()],
        "notes": ["a note"],
    }


def test_what_a_killed_attempt_left_is_swept_away(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    kept = [folder.job, folder.outputs.train, tmp_path / ".predictions.jsonl.0a1b2c3d"]
    left = [tmp_path / ".job.json.0a1b2c3d", tmp_path / "prepared" / ".train.jsonl.99aabbcc"]
    folder.outputs.train.parent.mkdir()
    for path in (*kept, *left):
        path.write_text("", encoding="utf-8")
    folder.sweep()
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)
