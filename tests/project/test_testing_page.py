"""What docs/how-to/test-in-ci.md lists is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pitchpipe.testing import options

PLUGIN = ("-p", "pitchpipe.testing.pytest_plugin")


def test_every_fixture_is_described_and_no_other(pytester: pytest.Pytester, root: Path) -> None:
    printed = pytester.runpytest_subprocess(*PLUGIN, "--fixtures").stdout.str()
    fixtures = set(re.findall(r"^(\w+) -- \S*pitchpipe/testing/", printed, re.MULTILINE))
    assert _first_cells(root, "Fixtures") == fixtures


def test_every_option_is_described_and_no_other(root: Path) -> None:
    assert _first_cells(root, "Options") == set(options.DEFAULTS)


def _first_cells(root: Path, title: str) -> set[str]:
    text = (root / "docs/how-to/test-in-ci.md").read_text("utf-8")
    section = text.partition(f"## {title}")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
