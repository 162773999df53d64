"""What is installed from the folders, and found by entry point."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from pitchpipe import PluginHost, registry
from pitchpipe.registry import Provider, option_names

BROKEN = {"abstract", "exiting", "misspelled", "raising"}


def providers(folder) -> set[Provider]:
    """What its pyproject.toml promises to offer."""
    names = folder.project["entry-points"]["pitchpipe"]
    return {Provider(folder.path.name, folder.project["version"], name) for name in names}


def test_it_is_installed_as_its_folder_says(folder) -> None:
    assert folder.installed.version == folder.project["version"]
    points = folder.installed.entry_points.select(group="pitchpipe")
    assert {p.name: p.value for p in points} == folder.project["entry-points"]["pitchpipe"]


def test_its_plugins_are_found_under_its_name_and_version(folder) -> None:
    assert folder.installed
    host = PluginHost()
    failed = {failure.provider for failure in host.failures}
    assert providers(folder) <= {*host.providers, *failed}
    assert {provider.plugin for provider in failed} <= BROKEN


def test_its_stages_are_described_with_their_options(folder, root: Path) -> None:
    assert folder.installed
    text = (root / "docs/reference/plugins.md").read_text("utf-8")
    section = text.partition(f"\n## {folder.path.name}\n")[2].partition("\n## ")[0]
    host = PluginHost(allow=[folder.path.name])
    entries = [entry for entries in host.registries for entry in entries]
    for entry in entries:
        if entry.provider.distribution == folder.path.name:
            for name in (entry.name, *option_names(entry.stage)):
                assert f"`{name}`" in section, name


def test_what_one_is_told_to_install_is_what_has_it(folder) -> None:
    assert folder.installed
    host = PluginHost(allow=[folder.path.name])
    for (kind, name), distribution in registry.ELSEWHERE.items():
        if distribution == folder.path.name:
            kinds = {found.kind: found for found in host.registries}
            assert kinds[kind].get(name).provider.distribution == distribution


@pytest.fixture(scope="module")
def listed() -> dict[str, Any]:
    """What the command prints."""
    command = [sys.executable, "-m", "pitchpipe", "plugins", "list", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_command_lists_it(folder, listed: dict[str, Any]) -> None:
    assert folder.installed
    rows = {(row["provider"], row["version"]) for row in listed["plugins"]}
    assert (folder.path.name, folder.project["version"]) in rows
    assert {failure["plugin"] for failure in listed["failures"]} <= BROKEN


def test_loading_plugins_loads_nothing_heavy() -> None:
    code = """
        import sys
        from pitchpipe import PluginHost
        PluginHost()
        loaded = [name for name in ("datasketch", "mlflow", "openai") if name in sys.modules]
        assert not loaded, loaded
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    assert done.returncode == 0
