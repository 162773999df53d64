"""How the plugin gets into a run of pytest, and what that costs."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

Install = Callable[[str, str], None]

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
ASKING = """
    def test_it(offline_openai):
        assert offline_openai.models.list().data
    """


@pytest.fixture
def installed(install: Install, pytester: pytest.Pytester) -> None:
    """The entry point, as an installation has it."""
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    ((name, target),) = project["entry-points"]["pytest11"].items()
    assert name == "pitchpipe"
    install("pytest11", f"{name} = {target}")
    pytester.makepyfile(ASKING)


NAMED = ("-p", "pitchpipe.testing.pytest_plugin")


@pytest.mark.parametrize("arguments", [(), NAMED, ("-p", "pitchpipe")], ids=str)
def test_it_loads_by_itself_and_by_name(
    installed: None, pytester: pytest.Pytester, arguments: tuple[str, ...]
) -> None:
    pytester.runpytest_subprocess("-W", "error", *arguments).assert_outcomes(passed=1)


def test_a_conftest_may_name_it_too(installed: None, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(f"pytest_plugins = [{NAMED[1]!r}]")
    pytester.runpytest_subprocess("-W", "error", *NAMED).assert_outcomes(passed=1)


def test_it_can_be_left_out(installed: None, pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("-p", "no:pitchpipe")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'offline_openai' not found"])


def test_it_loads_nothing_heavy(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makepyfile(
        """
        import sys

        HEAVY = "openai pandas numpy sklearn httpx httpx2 pydantic orjson sqlite3 asyncio".split()

        def test_it():
            assert [name for name in HEAVY if name in sys.modules] == []
            ours = [name for name in sys.modules if name.startswith("pitchpipe")]
            assert set(ours) <= {
                "pitchpipe",
                "pitchpipe.testing",
                "pitchpipe.testing.autoload",
                "pitchpipe.testing.no_network",
                "pitchpipe.testing.offline",
                "pitchpipe.testing.pytest_plugin",
            }
        """
    )
    # without the other plugins that are installed here, which load what they like
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = pytester.runpytest_subprocess(*NAMED)
    result.assert_outcomes(passed=1)


def test_its_markers_are_described(pytester: pytest.Pytester) -> None:
    markers = pytester.runpytest_subprocess(*NAMED, "--markers").stdout.str()
    for name in ("offline_openai(", "no_network:", "allow_hosts("):
        assert f"@pytest.mark.{name}" in markers
