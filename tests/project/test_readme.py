"""What the README says beside the blocks that test_pages.py runs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

from pages.shell import Shell
from pitchpipe import Pipeline, PluginHost

Blocks = Callable[[str, str], str]


def test_the_plugin_holds_out_what_it_says(
    tmp_path: Path, block_of: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "by_prompt.py").write_text(block_of("README.md", "python: plugin"))
    monkeypatch.syspath_prepend(tmp_path)
    host = PluginHost([import_module("by_prompt")], entry_points=False)
    splitter = {"name": "by-prompt", "percent": 50}
    pipeline = Pipeline.from_config({"splitter": splitter}, host)
    rows = [{"prompt": f"prompt {i}", "completion": "ab"[i % 2]} for i in range(200)]
    whole = pipeline.prepare(pd.DataFrame(rows), tmp_path / "whole")
    part = pipeline.prepare(pd.DataFrame(rows[:100]), tmp_path / "part")
    assert whole.train_rows + whole.valid_rows == 200
    assert 60 < whole.valid_rows < 140
    assert whole.valid is not None
    assert part.valid is not None
    assert whole.valid.read_text().startswith(part.valid.read_text())


def test_one_liners_make_an_environment_of_their_own(block_of: Blocks) -> None:
    for marker in ("command: run", "command: tests"):
        lines = block_of("README.md", marker).splitlines()
        assert len(lines) == 1
        steps = lines[0].split(" && ")
        assert steps[0] == "python3 -m venv .venv"
        assert all(step.startswith(".venv/bin/") for step in steps[1:])


def test_the_run_one_liner_ends_in_the_main_job(tmp_path: Path, block_of: Blocks) -> None:
    *_, last = block_of("README.md", "command: run").strip().split(" && ")
    script = last.removeprefix(".venv/bin/")
    with Shell(tmp_path, tmp_path / "shell", dict(os.environ)) as shell:
        summary = json.loads(shell.run(f"{script} --json 2>log.txt"))
    assert summary["tunes_language_model"] is False
    assert summary["scores"]["accuracy"] > 0.65
