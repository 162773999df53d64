"""Test suites of other people, run in processes of their own."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

Suite = Callable[..., pytest.RunResult]


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Suite:
    """Runs a test file with the plugin; takes its text, and further arguments of pytest."""

    def run(source: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(dedent(source))
        named = ("-p", "pitchpipe.testing.pytest_plugin", "-W", "error", "-p", "no:cacheprovider")
        return pytester.runpytest_subprocess(*named, *arguments, timeout=120)

    return run


@pytest.fixture
def install(pytester: pytest.Pytester) -> Callable[[str, str], None]:
    """Makes a distribution seem installed; takes a group of entry points, and one."""

    def install(group: str, entry_point: str) -> None:
        folder = pytester.mkdir("installed-1.0.dist-info")
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: installed\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[{group}]\n{entry_point}\n")

    return install
