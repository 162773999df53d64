"""``kill -9`` at any moment, then the same command again: nothing lost, nothing done twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from pitchpipe import Pipeline
from pitchpipe.files import scratch

SCRIPT = textwrap.dedent(
    """
    import os, signal, sys
    from pitchpipe import Pipeline, PluginHost, hookimpl

    source, service, runs, hook, stage, count = sys.argv[1:]
    left = int(count)

    def strike(heard, where):
        global left
        if heard == hook and where == stage:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    class Killer:
        @hookimpl
        def stage_started(self, stage): strike("started", stage)
        @hookimpl
        def stage_progressed(self, stage): strike("progressed", stage)
        @hookimpl
        def stage_finished(self, stage): strike("finished", stage)
        @hookimpl
        def job_event(self): strike("event", "follow")

    trainer = {"name": "fake", "base_url": f"offline:{service}"}
    config = {"trainer": trainer, "training": {"seed": 3}, "run": {"folder": runs}}
    Pipeline.from_config(config, PluginHost([Killer()], entry_points=False)).run(source)
    """
)

MOMENTS = [
    ("started", "read", 1),
    ("finished", "validate", 1),
    ("progressed", "format", 1),
    ("progressed", "split", 1),
    ("finished", "split", 1),
    ("started", "train", 1),
    ("finished", "train", 1),
    ("event", "follow", 1),
    ("event", "follow", 4),
    ("finished", "follow", 1),
    ("progressed", "predict", 1),
    ("progressed", "predict", 11),
    ("finished", "predict", 1),
    ("finished", "score", 1),
]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda m: "-".join(map(str, m)))
def test_a_killed_run_goes_on(
    moment: tuple[str, str, int],
    films: Path,
    tmp_path: Path,
    make_pipeline: Callable[..., Pipeline],
) -> None:
    places = [str(films), str(tmp_path / "service"), str(tmp_path / "runs")]
    killed = subprocess.run(
        [sys.executable, "-c", SCRIPT, *places, *map(str, moment)], capture_output=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()

    pipeline = make_pipeline(training={"seed": 3})
    run = pipeline.run(films)
    jobs = list(pipeline.trainer.jobs())
    assert [job.id for job in jobs] == [run.job.id], "never a second job"
    events = (run.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    ids = [json.loads(line)["id"] for line in events]
    assert len(set(ids)) == len(ids)
    answers = (run.folder / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["line"] for line in answers] == list(range(1, 25))
    hidden = [path for path in run.folder.rglob(".*") if path.is_file()]
    assert hidden == [], "nothing half-written is left"

    calm = {"name": "fake", "base_url": f"offline:{tmp_path / 'calm'}"}
    undisturbed = make_pipeline(trainer=calm, training={"seed": 3}).run(films)
    assert run.scores == undisturbed.scores
    assert run.prepared.train.read_bytes() == undisturbed.prepared.train.read_bytes()
    metrics = [(r.folder / "metrics.csv").read_text(encoding="utf-8") for r in (run, undisturbed)]
    assert metrics[0] == metrics[1]


PREPARE = textwrap.dedent(
    """
    import os, signal, sys
    from pitchpipe import Pipeline, PluginHost, hookimpl

    class Killer:
        @hookimpl
        def stage_progressed(self, stage):
            if stage == sys.argv[3]:
                os.kill(os.getpid(), signal.SIGKILL)

    host = PluginHost([Killer()], entry_points=False)
    Pipeline.from_config({}, host).prepare(sys.argv[1], sys.argv[2])
    """
)


@pytest.mark.parametrize("stage", ["validate", "format", "split"])
def test_a_killed_preparation_leaves_nothing_that_counts(
    stage: str, films: Path, tmp_path: Path, make_pipeline: Callable[..., Pipeline]
) -> None:
    out = tmp_path / "out"
    words = [sys.executable, "-c", PREPARE, str(films), str(out), stage]
    killed = subprocess.run(words, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    left = list(out.iterdir())
    assert left, "it was killed in the middle"
    assert all(path.name.startswith(".") for path in left), "nothing has its final name"

    made = make_pipeline().prepare(films, out)
    names = {path.name for path in out.iterdir()}
    assert names == {made.train.name, "films_prepared_valid.jsonl", "films_prepared.json"}


def test_what_another_preparation_still_writes_is_left_alone(
    films: Path, tmp_path: Path, make_pipeline: Callable[..., Pipeline]
) -> None:
    with scratch(tmp_path / "out" / "films_prepared_train.jsonl") as folder:
        make_pipeline().prepare(films, tmp_path / "out")
        assert folder.is_dir()
