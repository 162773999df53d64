"""A plugin of the first contract works today, without a warning: pytest makes each an error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pitchpipe import Pipeline, PluginHost
from pitchpipe.cli import main

FROZEN = Path(__file__).parent / "frozen"
STAGES = ("read", "validate", "format", "split", "train", "follow", "predict", "score")


@pytest.fixture
def choir(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The plugin, fresh."""
    monkeypatch.syspath_prepend(FROZEN)
    monkeypatch.delitem(sys.modules, "choir", raising=False)
    yield import_module("choir")
    del sys.modules["choir"]


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    """Twenty rows, each four times, one with blanks."""
    rows = [f"song {n % 20},{'high' if n % 20 < 12 else 'low'}" for n in range(80)]
    rows[7] = f" {rows[7]}"
    path = tmp_path / "songs.csv"
    path.write_text("\n".join(["prompt,completion", *rows]), encoding="utf-8")
    return path


def _pipeline(plugin: object, **tables: Any) -> Pipeline:
    config = {
        "validators": {"use": ["no-blanks"]},
        "formatter": {"name": "choir"},
        "splitter": {"name": "every-nth", "n": 4},
        "engine": {"name": "plain"},
        **tables,
    }
    return Pipeline.from_config(config, PluginHost([plugin], entry_points=False, strict=True))


def test_every_stage_in_one_run(choir: ModuleType, songs: Path, tmp_path: Path) -> None:
    trainer = {"name": "memory", "folder": str(tmp_path / "memory")}
    run = _pipeline(choir, trainer=trainer).run(songs, tmp_path / "run")
    assert run.model.name == "m1"
    assert run.scores["accuracy"] == 0.6, "held-out songs were not heard, and most are high"
    [finding] = run.findings
    assert (finding.rule, finding.count, finding.message) == ("no-blanks", 1, r"blanks before '\n'")
    heard = [("run_started", "run")]
    for stage in STAGES:
        heard += [("stage_started", stage)]
        heard += [("job_event", "e1")] if stage == "follow" else []
        heard += [("stage_finished", stage)]
    assert [*heard, ("run_finished", None)] == choir.HEARD


def test_its_learner_behind_the_offline_service(
    choir: ModuleType, songs: Path, tmp_path: Path, install: Any
) -> None:
    install("choir", {"choir": "choir"})
    url = f"offline:{tmp_path}/service?learner=parrot"
    pipeline = _pipeline(
        choir,
        trainer={"name": "fake", "base_url": url},
        training={"n_epochs": 3, "seed": 1},
    )
    run = pipeline.run(songs, tmp_path / "run")
    assert run.scores["accuracy"] == 0.6, "it always says what it heard most"


def test_nothing_is_said_against_it_but_what_it_could_not_know(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["plugins", "check", str(FROZEN / "choir.py")])
    told = capsys.readouterr().out.splitlines()[1:]
    assert all("is not described under Attributes" in line for line in told), told
