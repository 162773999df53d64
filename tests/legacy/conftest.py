from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pitchpipe import Pipeline, PluginHost
from pitchpipe.errors import PitchpipeError

HERE = Path(__file__).parent
VARIABLE = "PITCHPIPE_LEGACY_PYTHON"
VERSION = "0.27.8"

Outcome = dict[str, Any]


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


_load("legacy_oracle")
_load("legacy_tables")


class OldTool:
    """prepare_data in a process that lives as long as the tests.

    Args:
        python: an interpreter that has the old openai package.
    """

    def __init__(self, python: str) -> None:
        self._process = subprocess.Popen(
            [python, str(HERE / "old_tool.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def __call__(self, path: Path) -> Outcome:
        """What became of a file; see ``old_tool.py``."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(str(path)) + "\n")
        self._process.stdin.flush()
        answer: Outcome = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()


@pytest.fixture(scope="session")
def old_tool() -> Iterator[OldTool]:
    """The old tool, in its own environment."""
    python = os.environ.get(VARIABLE)
    if not python:
        pytest.skip(f"{VARIABLE} names no Python with openai {VERSION}; see tox run -e legacy")
    asked = [python, "-c", "import openai.version, openpyxl; print(openai.version.VERSION)"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    if found.stdout.strip() != VERSION:
        pytest.skip(f"{python} has no openai[datalib] {VERSION}: {found.stderr[-500:]}")
    tool = OldTool(python)
    yield tool
    tool.close()


@cache
def _pipeline(chunk_rows: int) -> Pipeline:
    data = {"profile": "legacy", "chunk_rows": chunk_rows}
    return Pipeline.from_config({"data": data}, PluginHost(entry_points=False))


def prepared(path: Path, out_dir: Path, chunk_rows: int) -> Outcome:
    """What becomes of a file with the legacy profile, in the same words as of the old tool."""
    try:
        data = _pipeline(chunk_rows).prepare(path, out_dir)
    except PitchpipeError as error:
        return {"error": str(error)}
    if data.train == path:
        return {"files": {}}
    written = [file for file in (data.train, data.valid) if file]
    return {
        "files": {
            file.name: [json.loads(line) for line in file.read_bytes().splitlines()]
            for file in written
        }
    }


@pytest.fixture(scope="session")
def both(old_tool: OldTool) -> Callable[..., tuple[Outcome, Outcome]]:
    """What the old tool and ours make of a table."""

    def run(table: Any, chunk_rows: int = 10_000) -> tuple[Outcome, Outcome]:
        with tempfile.TemporaryDirectory() as folder:
            path = table.write(Path(folder))
            theirs = old_tool(path)
            return theirs, prepared(path, Path(folder) / "ours", chunk_rows)

    return run
