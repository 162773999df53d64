"""What the README and the documentation say, done."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from pitchpipe import Pipeline, PluginHost
from pitchpipe.service.server.loopback import serve
from pitchpipe.service.service import Service

Blocks = Callable[[str, str], str]


@pytest.fixture
def folder(tmp_path: Path, root: Path) -> Path:
    """An empty folder with the README's table in it."""
    copy = re.search(r"`cp (\S+) (\S+)`", (root / "README.md").read_text("utf-8"))
    assert copy is not None
    (tmp_path / copy[2]).write_bytes((root / copy[1]).read_bytes())
    return tmp_path


@pytest.fixture
def service_url() -> Iterator[str]:
    """A service that speaks the API, on loopback."""
    service = Service()
    with serve(service) as url:
        yield url
    service.close()


def _shell(script: str, folder: Path, **variables: str) -> str:
    """Runs lines of a console with this interpreter's pitchpipe; gives what they print."""
    (folder / "bin").mkdir()
    command = folder / "bin" / "pitchpipe"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pitchpipe "$@"\n')
    command.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**kept, "PATH": path, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _verb(line: str) -> str:
    found = re.search(r"pitchpipe (\w+ \S+)", line)
    assert found is not None
    return found[1]


def test_five_commands_lead_from_a_table_to_scores(folder: Path, block_of: Blocks) -> None:
    commands = block_of("README.md", "commands: fake")
    assert len(commands.splitlines()) == 5
    printed = _shell(commands, folder)
    assert re.search(r"^accuracy +0\.\d+$", printed, re.MULTILINE)
    assert re.search(r"^auroc +0\.\d+$", printed, re.MULTILINE)


def test_the_same_five_commands_work_on_a_service_of_the_api(
    folder: Path, block_of: Blocks, service_url: str
) -> None:
    commands = block_of("README.md", "commands: openai")
    fake = block_of("README.md", "commands: fake")
    pairs = zip(commands.splitlines(), fake.splitlines(), strict=True)
    assert all(_verb(ours) == _verb(theirs) for ours, theirs in pairs)
    (folder / "pitchpipe.toml").write_text(
        '[trainer]\nname = "openai"\npoll_seconds = 0.0\n'
        'prices = { "gpt-4.1-mini-2025-04-14" = 1.0 }\n'
    )
    printed = _shell(commands, folder, OPENAI_API_KEY="none", OPENAI_BASE_URL=service_url)
    assert re.search(r"^accuracy +0\.\d+$", printed, re.MULTILINE)


def test_a_table_is_prepared_as_shown(folder: Path, block_of: Blocks) -> None:
    table = folder / "reviews.csv"
    first = table.read_text("utf-8").splitlines()[1]
    with table.open("a", encoding="utf-8") as stream:
        stream.write(f"{first}\nonce more,POS\n")
    markers = ("prepare", "undo", "rules", "legacy")
    script = "".join(
        block_of("docs/how-to/prepare-data.md", f"commands: {name}") for name in markers
    )
    printed = _shell(script, folder)
    assert "would write reviews_prepared_train.jsonl" in printed
    assert "Finds labels that differ in case" in printed
    assert printed.count("\nreviews_prepared_train.jsonl: ") == 4


@pytest.mark.parametrize(
    ("page", "marker"),
    [
        ("README.md", "python: library"),
        ("docs/reference/offline-service.md", "python: in process"),
        ("docs/reference/offline-service.md", "python: loopback"),
        ("docs/reference/graders.md", "python: graders"),
        ("docs/reference/control.md", "python: faults"),
        ("docs/reference/control.md", "python: time"),
    ],
)
def test_programs_run_as_shown(
    folder: Path, block_of: Blocks, page: str, marker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = folder / "program.py"
    program.write_text(block_of(page, marker))
    monkeypatch.chdir(folder)
    runpy.run_path(str(program))


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
    summary = json.loads(_shell(f"{script} --json", tmp_path))
    assert summary["tunes_language_model"] is False
    assert summary["scores"]["accuracy"] > 0.65
