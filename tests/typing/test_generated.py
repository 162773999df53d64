"""What pitchpipe plugins new writes is typed and written as its own settings ask for."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Errors = set[tuple[str, int, str]]


def test_it_is_typed(mypy: Callable[..., Errors], generated: Path) -> None:
    files = sorted(generated.rglob("*.py"))
    assert mypy(files, sorted(generated.glob("*/src"))) == set()


@pytest.mark.parametrize("words", [("check",), ("format", "--diff")], ids=["style", "formatting"])
def test_it_is_in_good_style(generated: Path, words: tuple[str, ...]) -> None:
    ruff = shutil.which("ruff", path=None) or pytest.skip("ruff is not installed")
    done = subprocess.run(
        [ruff, *words, "--no-cache", str(generated)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
