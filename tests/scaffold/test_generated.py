from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pitchpipe.cli import main
from pitchpipe.scaffold import KINDS


def _run(words: list[str], environment: dict[str, str], folder: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", *words]
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_their_own_tests_pass(generated: Path, environment: dict[str, str]) -> None:
    settings = generated / KINDS[0] / "pyproject.toml"  # that of all is the same
    words = ["pytest", "-q", "-p", "no:cacheprovider", "-p", "few_examples", "-c", str(settings)]
    code, printed = _run([*words, *KINDS], environment, generated)
    assert code == 0, printed
    passed = re.search(r"(\d+) passed", printed)
    assert passed is not None
    tests = sum(
        (generated / kind / "tests" / f"test_own_{kind}.py").read_text("utf-8").count("\ndef test_")
        for kind in KINDS
    )
    assert int(passed[1]) > tests, "each promise is a test of its own"


@pytest.fixture(scope="module")
def listed(environment: dict[str, str], generated: Path) -> list[dict[str, str]]:
    code, printed = _run(["pitchpipe", "plugins", "list", "--json"], environment, generated)
    assert code == 0, printed
    found = json.loads(printed)
    assert found["failures"] == []
    plugins: list[dict[str, str]] = found["plugins"]
    return plugins


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_found_by_its_entry_point(listed: list[dict[str, str]], kind: str) -> None:
    own = [row for row in listed if row["provider"] == f"own-{kind}"]
    assert [(row["kind"], row["name"], row["version"]) for row in own] == [
        (kind, f"own-{kind}", "0.1.0")
    ]


def test_nothing_is_wrong_with_them(generated: Path, environment: dict[str, str]) -> None:
    code, printed = _run(["pitchpipe", "plugins", "doctor"], environment, generated)
    assert code == 0, printed


@pytest.mark.parametrize("kind", KINDS)
def test_they_are_without_fault_before_they_are_installed(
    generated: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["plugins", "check", str(generated / kind)])
    assert capsys.readouterr().out == f"plugin 'own-{kind}' of own-{kind} 0.1.0: no faults\n"
    assert code == 0
