from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pitchpipe import hookimpl
from pitchpipe.plugins import PluginHost
from pitchpipe.records import RunInfo
from pitchpipe.watch import Watch


class Recorder:
    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    @hookimpl
    def stage_started(self, run: RunInfo, stage: str) -> None:
        self.heard.append(("started", run.name, stage))

    @hookimpl
    def stage_progressed(self, stage: str, done: int, total: int | None) -> None:
        self.heard.append((stage, done, total))

    @hookimpl
    def stage_finished(self, stage: str, seconds: float) -> None:
        self.heard.append(("finished", stage, seconds))

    @hookimpl
    def stage_failed(self, stage: str, error: BaseException) -> None:
        self.heard.append(("failed", stage, error))


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def watch(recorder: Recorder) -> Watch:
    host = PluginHost([recorder], defaults=False, entry_points=False)
    return Watch(host, RunInfo("r", Path("r")))


def test_a_stage_is_timed(watch: Watch, recorder: Recorder) -> None:
    with watch.stage("split"):
        assert recorder.heard == [("started", "r", "split")]
    assert watch.seconds["split"] >= 0
    assert recorder.heard[1:] == [("finished", "split", watch.seconds["split"])]


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt()])
def test_a_stage_that_fails_has_no_time(
    watch: Watch, recorder: Recorder, error: BaseException
) -> None:
    with pytest.raises(type(error)), watch.stage("split"):
        raise error
    assert watch.seconds == {}
    assert recorder.heard[1:] == [("failed", "split", error)]


def test_an_adopted_stage_keeps_its_time(watch: Watch, recorder: Recorder) -> None:
    watch.adopted("train", 4.5)
    assert watch.seconds == {"train": 4.5}
    assert recorder.heard == [("started", "r", "train"), ("finished", "train", 0.0)]


def test_chunks_count_by_their_rows(watch: Watch, recorder: Recorder) -> None:
    chunks = [pd.DataFrame({"a": [1, 2, 3]}), pd.DataFrame({"a": [4]})]
    assert list(watch.counting("read", chunks)) == chunks
    assert recorder.heard == [("read", 3, None), ("read", 4, None)]


def test_anything_else_counts_one(watch: Watch, recorder: Recorder) -> None:
    rows = [{"line": 1, "text": "a"}, {"line": 2, "text": "b"}]
    assert list(watch.counting("predict", rows, 5, done=2)) == rows
    assert recorder.heard == [("predict", 3, 5), ("predict", 4, 5)]


def test_an_item_counts_once_it_is_dealt_with(watch: Watch, recorder: Recorder) -> None:
    counted = watch.counting("predict", "ab")
    next(counted)
    assert recorder.heard == []
    next(counted)
    assert recorder.heard == [("predict", 1, None)]
