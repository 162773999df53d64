"""What the README says beside the blocks that test_pages.py runs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from pages.shell import Shell
from pitchpipe import Pipeline, PluginHost

Blocks = Callable[[str, str], str]


def test_the_plugin_finds_what_it_looks_for(
    tmp_path: Path, block_of: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shouting.py").write_text(block_of("README.md", "python: plugin"))
    monkeypatch.syspath_prepend(tmp_path)
    host = PluginHost([import_module("shouting")], entry_points=False)
    pipeline = Pipeline.from_config({"validators": {"also": ["no-shouting"]}}, host)
    rows = [f"prompt {i}" for i in range(20)]
    rows[3] = "PROMPT 3"
    table = tmp_path / "table.csv"
    table.write_text(
        "prompt,completion\n" + "".join(f"{r},{'ab'[i % 2]}\n" for i, r in enumerate(rows))
    )
    found = [f for f in pipeline.prepare(table).findings if f.rule == "no-shouting"]
    assert [(finding.count, finding.lines) for finding in found] == [(1, (5,))]


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
