"""Snippets that must, and must not, pass mypy; ``# error: CODE`` marks what it must say where."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

Errors = set[tuple[str, int, str]]

HERE = Path(__file__).parent
PASSES, FAILS = (sorted((HERE / folder).glob("*.py")) for folder in ("passes", "fails"))


@pytest.fixture(scope="module")
def passing(mypy: Callable[..., Errors]) -> Errors:
    return mypy(PASSES)


@pytest.fixture(scope="module")
def failing(mypy: Callable[..., Errors]) -> Errors:
    return mypy(FAILS)


@pytest.mark.parametrize("path", PASSES, ids=lambda path: path.stem)
def test_it_passes(passing: Errors, path: Path) -> None:
    assert [error for error in sorted(passing) if error[0] == path.name] == []


@pytest.mark.parametrize("path", FAILS, ids=lambda path: path.stem)
def test_it_fails_where_it_says(failing: Errors, path: Path) -> None:
    expected = [
        (path.name, number, code)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        for code in re.findall(r"# error: ([\w-]+)", line)
    ]
    assert expected
    assert [error for error in sorted(failing) if error[0] == path.name] == expected
