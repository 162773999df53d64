"""The whole pipeline against the offline service in process: nothing is mocked."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pitchpipe import Config, Pipeline, PluginHost, hookimpl
from pitchpipe.errors import (
    BudgetError,
    ConfigError,
    DataError,
    JobFailedError,
    RunError,
    ServiceError,
    UsageError,
)
from pitchpipe.records import DEFAULT_MODEL, JobEvent, RunInfo
from pitchpipe.watch import STAGES

Make = Callable[..., Pipeline]
FILES = {
    "config.toml",
    "versions.json",
    "journal.jsonl",
    "journal.jsonl.head",
    "prepared",
    "findings.json",
    "job.json",
    "events.jsonl",
    "metrics.csv",
    "model.json",
    "predictions.jsonl",
    "scores.json",
}


class Recorder:
    """An observer that remembers what it heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []
        self.events: list[str] = []

    @hookimpl
    def run_started(self, run: RunInfo) -> None:
        self.heard.append(("run_started", run.name))

    @hookimpl
    def stage_started(self, stage: str) -> None:
        self.heard.append(("stage_started", stage))

    @hookimpl
    def stage_finished(self, stage: str, seconds: float) -> None:
        assert seconds >= 0
        self.heard.append(("stage_finished", stage))

    @hookimpl
    def stage_failed(self, stage: str, error: BaseException) -> None:
        self.heard.append(("stage_failed", stage, type(error).__name__))

    @hookimpl
    def job_event(self, event: JobEvent) -> None:
        self.events.append(event.id)

    @hookimpl
    def run_finished(self, error: BaseException | None) -> None:
        self.heard.append(("run_finished", type(error).__name__))


def test_a_table_becomes_a_scored_model(films: Path, make_pipeline: Make) -> None:
    run = make_pipeline(training={"suffix": "films", "n_epochs": 4}).run(films)

    assert {path.name for path in run.folder.iterdir()} == FILES
    summary = run.summary()
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert (summary["train_rows"], summary["valid_rows"]) == (96, 24)
    assert summary["model"].startswith(f"ft:{DEFAULT_MODEL}:")
    assert "films" in summary["model"]
    assert summary["tunes_language_model"] is False
    assert list(summary["stages"]) == list(STAGES)
    scores = summary["scores"]
    assert scores["accuracy"] >= 0.9
    assert scores["auroc"] >= 0.9
    assert scores["positive_class"] == "pos"
    assert sum(map(sum, scores["confusion_matrix"]["rows"])) == 24
    assert any("'tag'" in note for note in run.notes)


def test_the_files_hold_what_the_article_made_by_hand(films: Path, make_pipeline: Make) -> None:
    run = make_pipeline().run(films)
    assert run.prepared.valid is not None
    for path in (run.prepared.train, run.prepared.valid):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            assert record.keys() == {"prompt", "completion"}
            assert record["prompt"].endswith("\n\n###\n\n")
            assert record["completion"] in (" pos", " neg")
    assert run.model.contract.labels == ("neg", "pos")
    assert run.model.contract.stop == ("\n",)
    metrics = pd.read_csv(run.folder / "metrics.csv")
    assert {"step", "train_loss", "valid_loss"} <= set(metrics.columns)
    assert metrics["train_loss"].iloc[-1] < metrics["train_loss"].iloc[0]


def test_the_same_command_again_adopts_everything(films: Path, make_pipeline: Make) -> None:
    first = make_pipeline().run(films)
    recorder = Recorder()
    pipeline = make_pipeline(PluginHost([recorder], entry_points=False))
    second = pipeline.run(films)

    assert second.summary() == first.summary()
    assert recorder.events == []
    assert [heard[0] for heard in recorder.heard].count("stage_finished") == len(STAGES)
    assert len(list(pipeline.trainer.jobs())) == 1


def test_fresh_starts_anew_beside_the_old_run(films: Path, make_pipeline: Make) -> None:
    first = make_pipeline().run(films)
    pipeline = make_pipeline()
    second = pipeline.run(films, fresh=True)
    assert second.folder != first.folder
    assert second.job.id != first.job.id
    assert second.scores == first.scores
    with pytest.raises(RunError, match="already holds a run"):
        pipeline.run(films, run_dir=first.folder, fresh=True)


def test_another_configuration_does_not_get_into_the_folder(
    films: Path, make_pipeline: Make, tmp_path: Path
) -> None:
    make_pipeline().run(films, run_dir=tmp_path / "run")
    with pytest.raises(RunError, match="another configuration or another table"):
        make_pipeline(training={"n_epochs": 2}).run(films, run_dir=tmp_path / "run")


def test_the_saved_configuration_makes_the_same_run(films: Path, make_pipeline: Make) -> None:
    run = make_pipeline(training={"n_epochs": 2, "seed": 5}).run(films)
    config = Config.load(run.folder / "config.toml")
    assert config == run.config
    again = Pipeline.from_config(config, PluginHost(entry_points=False)).run(films)
    assert again.folder == run.folder


def test_observers_hear_every_stage_and_every_event_once(films: Path, make_pipeline: Make) -> None:
    recorder = Recorder()
    run = make_pipeline(PluginHost([recorder], entry_points=False)).run(films)
    assert recorder.heard[0] == ("run_started", run.folder.name)
    assert recorder.heard[-1] == ("run_finished", "NoneType")
    started = [heard[1] for heard in recorder.heard if heard[0] == "stage_started"]
    assert started == list(STAGES)
    kept = (run.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    assert recorder.events == [json.loads(line)["id"] for line in kept]
    assert len(set(recorder.events)) == len(recorder.events) > 5


@pytest.mark.parametrize("model", ["gpt-4o-mini-2024-07-18", "babbage-002"])
def test_the_format_follows_the_model(model: str, films: Path, make_pipeline: Make) -> None:
    run = make_pipeline(training={"model": model}).run(films)
    expected = "chat" if model.startswith("gpt") else "completion"
    assert run.model.contract.format == expected
    assert run.scores["accuracy"] >= 0.9
    assert any(note.startswith(f"Format: {expected}") for note in run.notes)


def test_conversations_pass_through(tmp_path: Path, make_pipeline: Make, make_reviews: Any) -> None:
    path = tmp_path / "talks.jsonl"
    with path.open("w", encoding="utf-8") as stream:
        for text, tag in make_reviews(60):
            talk = [{"role": "user", "content": text}, {"role": "assistant", "content": tag}]
            stream.write(json.dumps({"messages": talk}) + "\n")
    run = make_pipeline(training={"model": "gpt-4o-mini-2024-07-18"}).run(path)
    assert run.model.contract.labels == ("neg", "pos")
    assert run.scores["accuracy"] >= 0.8


def test_preferences_train_by_dpo(tmp_path: Path, make_pipeline: Make, make_reviews: Any) -> None:
    rows = [
        {"input": text, "preferred_output": "yes", "non_preferred_output": f"no, not {tag}"}
        for text, tag in make_reviews(40)
    ]
    training = {"model": "gpt-4.1-mini-2025-04-14", "method": "dpo", "beta": 0.2}
    run = make_pipeline(training=training).run(pd.DataFrame(rows))
    assert run.model.contract.format == "preference"
    assert run.scores["accuracy"] == 1.0


def test_free_text_is_scored_by_equality(make_pipeline: Make) -> None:
    rows = pd.DataFrame(
        {
            "prompt": [f"name of item {n}" for n in range(40)],
            "completion": [f"item {n}" for n in range(40)],
        }
    )
    run = make_pipeline().run(rows)
    assert run.model.contract.labels == ()
    assert 0.0 <= run.scores["accuracy"] <= 1.0
    assert "The answers are free text." in run.notes
    assert "Splitter random, because the answers are free text." in run.notes


def test_groups_stay_together(make_pipeline: Make, make_reviews: Any) -> None:
    frame = pd.DataFrame(make_reviews(80), columns=["text", "tag"])
    frame["author"] = [f"author {n // 4}" for n in range(len(frame))]
    run = make_pipeline(data={"group_column": "author"}).run(frame)
    assert run.prepared.valid is not None
    author = dict(zip(frame["text"], frame["author"], strict=True))

    def authors(path: Path) -> set[str]:
        lines = path.read_text(encoding="utf-8").splitlines()
        return {author[json.loads(x)["prompt"].removesuffix("\n\n###\n\n")] for x in lines}

    assert not authors(run.prepared.train) & authors(run.prepared.valid)


def test_a_tuned_model_can_be_trained_further(films: Path, make_pipeline: Make) -> None:
    first = make_pipeline(training={"n_epochs": 1}).run(films)
    second = make_pipeline(training={"model": first.model.name, "n_epochs": 16}).run(films)
    assert second.model.base == first.model.name
    assert second.model.contract.format == "completion"
    loss = pd.read_csv(second.folder / "metrics.csv")["train_loss"]
    assert loss.iloc[-1] < pd.read_csv(first.folder / "metrics.csv")["train_loss"].iloc[-1]


def test_fixable_rows_are_fixed_and_reported(make_pipeline: Make, make_reviews: Any) -> None:
    rows = make_reviews(60)
    rows = [*rows, rows[0], ("", "pos"), ("a prompt without an answer", "")]
    frame = pd.DataFrame(rows, columns=["text", "tag"]).replace({"": None})
    run = make_pipeline().run(frame)
    assert run.prepared.train_rows + run.prepared.valid_rows == 60
    found = {finding.rule: finding for finding in run.findings}
    assert found["empty-fields"].lines == (62, 63)
    assert found["duplicate-rows"].lines == (61,)
    with pytest.raises(DataError, match="row 62, 63: empty-fields"):
        make_pipeline(data={"fix": False}).run(frame, fresh=True)


def test_prepared_files_are_recognised_and_not_doubled(
    films: Path, make_pipeline: Make, tmp_path: Path
) -> None:
    pipeline = make_pipeline()
    prepared = pipeline.prepare(films, tmp_path / "out")
    assert pipeline.load_prepared(prepared.train, prepared.valid) == prepared
    again = pipeline.prepare(prepared.train, tmp_path / "again")
    records = again.train.read_text(encoding="utf-8").splitlines()
    assert all(json.loads(line)["prompt"].count("###") == 1 for line in records)
    assert any("records already" in note for note in again.notes)

    (tmp_path / "out" / "films_prepared.json").unlink()
    recognised = pipeline.load_prepared(prepared.train, prepared.valid)
    assert (recognised.train_rows, recognised.valid_rows) == (96, 24)
    raw = tmp_path / "raw.jsonl"
    raw.write_text('{"prompt": "a", "completion": "b"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"raw\.jsonl, line 1 to 1: expected completion records"):
        pipeline.load_prepared(raw)


def test_each_stage_by_itself(films: Path, make_pipeline: Make, tmp_path: Path) -> None:
    pipeline = make_pipeline()
    prepared = pipeline.prepare(films)
    assert prepared.train.parent == films.parent
    estimate = pipeline.estimate(prepared)
    assert estimate.tokens > 0
    assert estimate.cost == 0
    job = pipeline.submit(prepared)
    assert pipeline.submit(prepared).id == job.id, "the same call adopts the same job"
    with pytest.raises(JobFailedError, match="follow it to its end"):
        pipeline.model(job.id)
    events = list(pipeline.follow(job.id))
    assert len({event.id for event in events}) == len(events)
    model = pipeline.model(job.id)
    assert model.contract == prepared.contract, "the service keeps the contract"
    assert prepared.valid is not None
    out = tmp_path / "answers.jsonl"
    answers = pipeline.predict(model.name, prepared.valid, out)
    assert pipeline.score(out) == pipeline.score(answers)
    assert pipeline.score(out)["accuracy"] >= 0.9
    assert not list(tmp_path.glob(".answers*")), "nothing is left beside the answers"
    raw = pipeline.predict(model, films)
    assert len(raw) == 120
    only_prompts = pipeline.predict(model, pd.DataFrame({"text": ["a warm, witty film"]}))
    assert only_prompts["answer"].tolist() == ["pos"]
    assert only_prompts["reference"].tolist() == [None]
    with pytest.raises(DataError, match="none of the predictions has a reference"):
        pipeline.score(only_prompts)


def test_predictions_go_on_where_they_were(
    films: Path, make_pipeline: Make, tmp_path: Path
) -> None:
    run = make_pipeline().run(films)
    out = tmp_path / "answers.jsonl"
    stopped = tmp_path / "stopped"

    class Counter:
        @hookimpl
        def stage_progressed(self, stage: str, done: int) -> None:
            if done == 50 and not stopped.exists():
                stopped.touch()
                raise KeyboardInterrupt

    pipeline = make_pipeline(PluginHost([Counter()], entry_points=False))
    with pytest.raises(KeyboardInterrupt):
        pipeline.predict(run.model, films, out)
    assert not out.exists()
    answers = pipeline.predict(run.model, films, out)
    assert len(answers) == 120
    whole = make_pipeline().predict(run.model, films)
    pd.testing.assert_frame_equal(answers, whole)


def test_a_failing_job_names_the_service_s_reason(make_pipeline: Make, make_reviews: Any) -> None:
    rows = pd.DataFrame(make_reviews(9), columns=["text", "tag"])
    recorder = Recorder()
    pipeline = make_pipeline(
        PluginHost([recorder], entry_points=False),
        validators={"skip": ["too-few-examples", "too-few-training-records"]},
    )
    with pytest.raises(JobFailedError, match="10 examples") as caught:
        pipeline.run(rows)
    assert "--fresh" in str(caught.value)
    assert ("stage_failed", "follow", "JobFailedError") in recorder.heard
    assert recorder.heard[-1] == ("run_finished", "JobFailedError")


def test_a_cancelled_job_is_an_error_that_says_so(films: Path, make_pipeline: Make) -> None:
    pipeline = make_pipeline()
    job = pipeline.submit(pipeline.prepare(films))
    pipeline.trainer.cancel(job.id)
    list(pipeline.follow(job.id))
    with pytest.raises(JobFailedError, match=f"{job.id} cancelled"):
        pipeline.model(job.id)


def test_the_model_that_the_service_refuses(films: Path, make_pipeline: Make) -> None:
    with pytest.raises(ServiceError, match="no-such-model"):
        make_pipeline(training={"model": "no-such-model"}).run(films)


def test_a_budget_stops_the_job_before_it_is_sent(films: Path, make_pipeline: Make) -> None:
    pipeline = make_pipeline(
        trainer={
            "name": "openai",
            "base_url": "http://127.0.0.1:9/v1",
            "prices": {"babbage-002": 1000.0},
        },
        training={"max_cost": 0.01},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", "not-a-key")
        with pytest.raises(BudgetError, match=r"0\.01"):
            pipeline.run(films)


def test_without_a_key_the_error_points_to_the_fake(
    films: Path, make_pipeline: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ServiceError, match="OPENAI_API_KEY") as caught:
        make_pipeline(
            trainer={"name": "openai", "allow_retired": True},
            validators={"skip": ["model-retirement"]},
        ).run(films)
    assert "fake" in str(caught.value)


def test_names_and_options_are_checked_before_anything_runs(make_pipeline: Make) -> None:
    with pytest.raises(UsageError, match="Did you mean 'stratified'"):
        make_pipeline(splitter={"name": "stratifed"})
    with pytest.raises(ConfigError, match=r"splitter\.sed: unknown key"):
        make_pipeline(splitter={"name": "random", "sed": 1})
    with pytest.raises(UsageError, match="duplicate-rows"):
        make_pipeline(validators={"also": ["duplicate-row"]})
    with pytest.raises(ConfigError, match=r"training: n_epochs"):
        make_pipeline(training={"n_epochs": 0})


def test_a_pipeline_of_parts(films: Path, tmp_path: Path) -> None:
    from pitchpipe.default_plugins.formatters.completion import CompletionFormatter
    from pitchpipe.default_plugins.splitters.random import RandomSplitter
    from pitchpipe.default_plugins.trainers.fake import FakeTrainer

    pipeline = Pipeline(
        Config.from_mapping({"run": {"folder": str(tmp_path / "runs")}}),
        PluginHost(entry_points=False),
        formatter=CompletionFormatter(separator=" ->"),
        validators=[],
        splitter=RandomSplitter(seed=1),
        trainer=FakeTrainer(base_url=f"offline:{tmp_path / 'service'}"),
    )
    run = pipeline.run(films)
    assert run.config.formatter.options["separator"] == " ->"
    assert run.config.splitter.options["seed"] == 1
    assert run.config.validators.use == ()
    assert " ->" in run.prepared.train.read_text(encoding="utf-8").splitlines()[0]
    assert run.scores["accuracy"] >= 0.8


def test_two_pipelines_run_side_by_side(
    make_pipeline: Make, make_reviews: Any, tmp_path: Path
) -> None:
    results: dict[str, float] = {}
    recorders = {name: Recorder() for name in ("one", "two")}

    def work(name: str, seed: int) -> None:
        frame = pd.DataFrame(make_reviews(80, seed=seed), columns=["text", "tag"])
        host = PluginHost([recorders[name]], entry_points=False)
        run = make_pipeline(host).run(frame, run_dir=tmp_path / name)
        results[name] = run.scores["accuracy"]

    threads = [threading.Thread(target=work, args=(n, s)) for n, s in (("one", 1), ("two", 2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) == {"one", "two"}
    assert all(not math.isnan(accuracy) for accuracy in results.values())
    assert recorders["one"].heard[0] == ("run_started", "one")
    assert recorders["two"].heard[0] == ("run_started", "two")


def test_nothing_is_printed(films: Path, make_pipeline: Make, capfd: Any) -> None:
    make_pipeline().run(films)
    assert capfd.readouterr() == ("", "")


def test_secrets_do_not_reach_the_folder(
    films: Path, make_pipeline: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-THE-SECRET-KEY-0123456789abcdef")
    run = make_pipeline().run(films)
    for path in run.folder.rglob("*"):
        if path.is_file():
            assert b"THE-SECRET" not in path.read_bytes(), path
