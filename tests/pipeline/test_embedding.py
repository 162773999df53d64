"""Inside other programs: in their threads, stopped by them, and leaving their process alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pitchpipe import Pipeline, PluginHost, hookimpl
from pitchpipe.errors import StoppedError
from pitchpipe.records import JobEvent, RunInfo
from pitchpipe.stages import Splitter
from pitchpipe.watch import STAGES

Make = Callable[..., Pipeline]


class StopAt:
    """Asks for an end, from another thread, when a stage begins."""

    def __init__(self, stage: str) -> None:
        self.stop = threading.Event()
        self.stage = stage
        self.errors: list[BaseException | None] = []

    @hookimpl
    def stage_started(self, stage: str) -> None:
        if stage == self.stage:
            thread = threading.Thread(target=self.stop.set)
            thread.start()
            thread.join()

    @hookimpl
    def run_finished(self, error: BaseException | None) -> None:
        self.errors.append(error)


def jobs(folder: Path) -> set[str]:
    lines = (folder / "journal.jsonl").read_text("utf-8").splitlines()
    return {line["outcome"]["job_id"] for line in map(json.loads, lines) if "outcome" in line
            if "job_id" in line["outcome"]}  # fmt: skip


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_ends_wherever_another_thread_asks_for_it_and_goes_on(
    stage: str, films: Path, make_pipeline: Make, tmp_path: Path
) -> None:
    stopper = StopAt(stage)
    pipeline = make_pipeline(PluginHost([stopper], entry_points=False))
    folder = tmp_path / "run"
    if stage == STAGES[-1]:  # nothing comes after it that could be left out
        pipeline.run(films, folder, stop=stopper.stop)
        assert stopper.errors == [None]
        return
    with pytest.raises(StoppedError, match="the same call goes on from here"):
        pipeline.run(films, folder, stop=stopper.stop)
    assert isinstance(stopper.errors[0], StoppedError)
    before = jobs(folder)
    run = make_pipeline().run(films, folder)
    assert run.scores["accuracy"] > 0.9
    assert jobs(folder) >= before
    assert len(jobs(folder)) == 1


def test_a_stop_that_is_asked_for_already_lets_nothing_begin(
    films: Path, make_pipeline: Make, tmp_path: Path
) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        make_pipeline().run(films, tmp_path / "run", stop=stop)
    assert not (tmp_path / "run/prepared").exists()


def test_a_job_can_be_ended_from_another_thread(films: Path, make_pipeline: Make) -> None:
    pipeline = make_pipeline(training={"n_epochs": 50})
    job = pipeline.submit(pipeline.prepare(films))
    with ThreadPoolExecutor() as threads:
        assert threads.submit(pipeline.trainer.cancel, job.id).result().status == "cancelled"
    assert list(pipeline.follow(job.id))
    assert pipeline.trainer.job(job.id).status == "cancelled"


class Half(Splitter):
    """Holds out every other row."""

    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        return pd.Series(range(len(index)), index=index.index) % 2 == 0


class Band:
    """A plugin of one host: what it offers and hears is nobody else's."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.events: list[str] = []

    @hookimpl
    def register_splitters(self, register: Any) -> None:
        register("half", Half)

    @hookimpl
    def run_finished(self, run: RunInfo) -> None:
        self.heard.append(run.name)

    @hookimpl
    def job_event(self, event: JobEvent) -> None:
        self.events.append(event.id)


def test_two_hosts_run_at_once_and_know_nothing_of_each_other(
    films: Path, make_pipeline: Make, tmp_path: Path
) -> None:
    bands = [Band(), Band()]
    hosts = [PluginHost([band], entry_points=False) for band in bands]
    pipelines = [make_pipeline(host, splitter={"name": "half"}) for host in hosts]
    with ThreadPoolExecutor() as threads:
        runs = list(threads.map(lambda p, n: p.run(films, tmp_path / n), pipelines, ("a", "b")))
    assert [band.heard for band in bands] == [["a"], ["b"]]
    assert all(run.prepared.valid_rows == 60 for run in runs)
    assert not set(bands[0].events) & set(bands[1].events)
    assert "half" not in PluginHost(entry_points=False).splitters.names()
