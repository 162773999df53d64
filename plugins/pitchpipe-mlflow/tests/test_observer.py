from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from pitchpipe import Pipeline, PluginHost, hookimpl
from pitchpipe.errors import DataError
from pitchpipe.records import Estimate, JobEvent, RunInfo
from pitchpipe_mlflow import MLflowObserver

Make = Callable[..., Pipeline]
KEY = "sk-" + "a1" * 20
ROWS = [(f"a {word} film, number {n}", word) for n in range(12) for word in ("good", "bad")]


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A local file store, and a folder to work in."""
    folder = tmp_path / "store"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", folder.as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    for name in ("MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "films.csv"
    path.write_text("text,tag\n" + "".join(f'"{text}",{tag}\n' for text, tag in ROWS))
    return path


@pytest.fixture
def make_pipeline(tmp_path: Path) -> Make:
    def make(*others: object, **tables: Any) -> Pipeline:
        trainer = {"name": "fake", "base_url": f"offline:{tmp_path / 'service'}"}
        host = PluginHost([MLflowObserver(), *others], entry_points=False)
        return Pipeline.from_config({"trainer": trainer, **tables}, host)

    return make


def logged(experiment: str = "0") -> list[Run]:
    """The runs of an experiment, those that failed included."""
    return list(MlflowClient().search_runs([experiment]))


def test_a_run_is_logged_from_its_configuration_to_its_scores(
    table: Path, make_pipeline: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    run = make_pipeline(training={"n_epochs": 2}).run(table)
    [found] = logged()
    assert (found.info.run_name, found.info.status) == (run.folder.name, "FINISHED")
    assert found.data.params["training.model"] == "auto"
    assert found.data.params["training.n_epochs"] == "2"
    metrics = found.data.metrics
    assert metrics["score.accuracy"] == run.scores["accuracy"]
    assert metrics["estimate.tokens"] == run.estimate.tokens
    assert metrics["trained_tokens"] == run.job.trained_tokens
    assert {f"seconds.{stage}" for stage in run.stages} <= metrics.keys()
    assert found.data.tags["pitchpipe.model"] == run.model.name
    assert found.data.tags["pitchpipe.base_model"] == "babbage-002"
    client = MlflowClient()
    losses = client.get_metric_history(found.info.run_id, "train_loss")
    events = [json.loads(line) for line in (run.folder / "events.jsonl").read_bytes().splitlines()]
    told = {e["data"]["step"]: e["data"]["train_loss"] for e in events if e["type"] == "metrics"}
    assert {loss.step: loss.value for loss in losses} == told
    kept = {artifact.path for artifact in client.list_artifacts(found.info.run_id)}
    assert kept == {"contract.json", "metrics.csv", "scores.json"}
    assert capfd.readouterr() == ("", "")


class Stopping:
    """Stops the run before a stage, the first time."""

    def __init__(self, stage: str) -> None:
        self.stage: str | None = stage

    @hookimpl
    def stage_started(self, stage: str) -> None:
        if stage == self.stage:
            self.stage = None
            raise KeyboardInterrupt


def test_a_resumed_run_goes_on_in_the_same_place(table: Path, make_pipeline: Make) -> None:
    pipeline = make_pipeline(Stopping("predict"))
    with pytest.raises(KeyboardInterrupt):
        pipeline.run(table)
    [stopped] = logged()
    assert stopped.info.status == "KILLED"
    assert "score.accuracy" not in stopped.data.metrics
    pipeline.run(table)
    [resumed] = logged()
    assert (resumed.info.run_id, resumed.info.status) == (stopped.info.run_id, "FINISHED")
    assert "pitchpipe.error" not in resumed.data.tags
    assert resumed.data.metrics["seconds.train"] == stopped.data.metrics["seconds.train"] > 0
    assert resumed.data.metrics["score.accuracy"] > 0


def test_a_run_that_mlflow_does_not_know_begins_anew(
    table: Path, make_pipeline: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = make_pipeline(Stopping("predict"))
    with pytest.raises(KeyboardInterrupt):
        pipeline.run(table)
    [lost] = logged()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "another").as_uri())
    pipeline.run(table)
    [found] = logged()
    assert found.info.run_id != lost.info.run_id
    MlflowClient().delete_run(found.info.run_id)
    pipeline.run(table)
    [other] = logged()
    assert other.info.run_id != found.info.run_id


def test_a_failed_run_says_why(table: Path, make_pipeline: Make) -> None:
    table.write_text("text,tag\na film,good\nanother,bad\n")
    with pytest.raises(DataError) as caught:
        make_pipeline().run(table)
    [found] = logged()
    assert found.info.status == "FAILED"
    assert found.data.tags["pitchpipe.error"] == f"InvalidDataError: {caught.value}"


def test_no_secret_is_logged(tmp_path: Path, store: Path) -> None:
    run = RunInfo("secretive", tmp_path / "run")
    run.folder.mkdir()
    (run.folder / "config.toml").write_text(
        f'[trainer]\nbase_url = "https://me:{"hunter2"}@host/v1"\nheaders = ["{KEY}"]\n'
        f'[training]\nsuffix = "{KEY}"\n'
    )
    observer = MLflowObserver()
    observer.run_started(run)
    observer.run_finished(run, ValueError(f"refused {KEY}"))
    [found] = logged()
    assert found.data.params["trainer.base_url"] == "https://[redacted]@host/v1"
    written = b"".join(path.read_bytes() for path in store.rglob("*") if path.is_file())
    assert KEY.encode() not in written
    assert b"hunter2" not in written


def test_the_experiment_is_the_one_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    observer = MLflowObserver()
    for number, name in enumerate(("reviews", "reviews", "")):
        monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", name)
        run = RunInfo(f"run-{number}", tmp_path / f"run-{number}")
        run.folder.mkdir()
        (run.folder / "config.toml").touch()
        observer.run_started(run)
        observer.run_finished(run, KeyboardInterrupt())
    experiment = MlflowClient().get_experiment_by_name("reviews")
    assert [run.info.run_name for run in logged(experiment.experiment_id)] == ["run-1", "run-0"]
    assert [run.info.run_name for run in logged()] == ["run-2"]


def test_long_jobs_are_sent_as_they_go(tmp_path: Path) -> None:
    run = RunInfo("long", tmp_path / "run")
    run.folder.mkdir()
    (run.folder / "config.toml").touch()
    observer = MLflowObserver()
    observer.run_started(run)
    observer.job_estimated(run, Estimate(7, 1, None, "nobody knows"))
    for step in range(250):
        data = {"step": step, "train_loss": 1 / (1 + step), "note": "text", "flag": True}
        observer.job_event(
            run, JobEvent(str(step), 1_700_000_000 + step, "info", "", "metrics", data)
        )
    observer.job_event(run, JobEvent("m", 0, "info", "words alone"))
    [found] = logged()
    assert found.data.metrics.keys() == {"estimate.tokens", "estimate.epochs", "train_loss"}
    sent = MlflowClient().get_metric_history(found.info.run_id, "train_loss")
    assert 198 <= len(sent) < 250
    assert sent[3].timestamp == 1_700_000_003_000
    observer.stage_finished(run, "follow", 2.5)
    assert len(MlflowClient().get_metric_history(found.info.run_id, "train_loss")) == 250


def test_an_outage_costs_no_run_and_is_told_once(
    table: Path,
    make_pipeline: Make,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with caplog.at_level(logging.ERROR, logger="pitchpipe"):
        assert make_pipeline().run(table).scores["rows"] > 0
    assert [record.getMessage() for record in caplog.records] == [
        "plugin pitchpipe_mlflow:pitchpipe_mlflow.observer.MLflowObserver failed in run_started"
    ]


class Losing:
    """Loses MLflow's store when a stage begins."""

    def __init__(self, store: Path) -> None:
        self.store = store

    @hookimpl
    def stage_started(self, stage: str) -> None:
        if stage == "validate":
            shutil.rmtree(self.store)


def test_an_outage_on_the_way_is_told_once(
    table: Path, make_pipeline: Make, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="pitchpipe"):
        assert make_pipeline(Losing(store)).run(table).scores["rows"] > 0
    [told] = [record.getMessage() for record in caplog.records]
    assert told.endswith("failed in stage_finished")


def test_what_is_prepared_by_itself_is_no_run(table: Path, make_pipeline: Make) -> None:
    make_pipeline().prepare(table)
    assert logged() == []
