from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from pitchpipe.default_plugins.observers import journal, log
from pitchpipe.journal import FILE_NAME, Journal
from pitchpipe.plugins import PluginHost
from pitchpipe.records import Estimate, JobEvent, RunInfo


def happen(host: PluginHost, run: RunInfo) -> None:
    host.run_started(run)
    host.stage_started(run, "split")
    host.stage_finished(run, "split", 0.1234567)
    host.stage_failed(run, "train", ValueError("secret words"))
    host.job_estimated(run, Estimate(1200, 3, None, "no known price"))
    host.job_estimated(run, Estimate(1200, 3, 0.125, "prices of 2024"))
    host.job_event(run, JobEvent("1", 0, "info", "step 1"))
    host.job_event(run, JobEvent("2", 0, "warn", "slow"))
    host.job_event(run, JobEvent("3", 0, "error", "lost"))
    host.run_finished(run, ValueError("secret words"))
    host.run_finished(run, None)


def test_the_journal_keeps_the_news(tmp_path: Path) -> None:
    host = PluginHost([journal], defaults=False, entry_points=False)
    with Journal(tmp_path / FILE_NAME) as kept:
        kept.done("stage:read", {"seconds": 1})
        happen(host, RunInfo("r", tmp_path))
    text = (tmp_path / FILE_NAME).read_text(encoding="utf-8")
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    assert all(line.pop("at") for line in lines)
    assert lines[1:] == [
        {"entry": "run-started"},
        {"entry": "stage-started", "stage": "split"},
        {"entry": "stage-finished", "stage": "split", "seconds": 0.123457},
        {"entry": "stage-failed", "stage": "train", "error": "ValueError"},
        {"entry": "run-finished", "error": "ValueError"},
        {"entry": "run-finished", "error": None},
    ]
    assert "secret" not in text
    with Journal(tmp_path / FILE_NAME) as kept:
        assert kept.outcome("stage:read") == {"seconds": 1}


def test_a_run_without_a_journal_is_left_alone(tmp_path: Path) -> None:
    host = PluginHost([journal], defaults=False, entry_points=False)
    happen(host, RunInfo("r", tmp_path / "gone"))
    assert list(tmp_path.iterdir()) == []


def test_an_error_without_words_is_logged_by_its_kind(caplog: pytest.LogCaptureFixture) -> None:
    host = PluginHost([log], defaults=False, entry_points=False)
    host.stage_failed(RunInfo("r", Path("r")), "train", KeyboardInterrupt())
    assert caplog.messages == ["r: train failed: KeyboardInterrupt"]


def test_the_log_has_the_news(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pitchpipe.run")
    happen(PluginHost([log], defaults=False, entry_points=False), RunInfo("r", Path("runs/r")))
    assert [(r.levelname, r.getMessage()) for r in caplog.records if r.name == "pitchpipe.run"] == [
        ("INFO", "r: run started in runs/r"),
        ("INFO", "r: split started"),
        ("INFO", "r: split finished in 0.123 s"),
        ("ERROR", "r: train failed: secret words"),
        ("INFO", "r: about 1200 tokens, 3 epochs, cost unknown (no known price)"),
        ("INFO", "r: about 1200 tokens, 3 epochs, cost 0.12 USD (prices of 2024)"),
        ("INFO", "r: step 1"),
        ("WARNING", "r: slow"),
        ("ERROR", "r: lost"),
        ("INFO", "r: run stopped"),
        ("INFO", "r: run finished"),
    ]
