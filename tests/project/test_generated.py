"""The pages that are made from the code leave nothing out, and the code says enough for them."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import pytest

from pitchpipe.cli import VERBS, parser_of
from pitchpipe.cli.docs import documentation_of, options_of
from pitchpipe.plugins import PluginHost
from pitchpipe.registry import Entry

HOST = PluginHost(entry_points=False)
ENTRIES = [(registry.kind, entry) for registry in HOST.registries for entry in registry]


@pytest.fixture(scope="module")
def generated() -> Mapping[str, str]:
    path = Path(__file__).resolve().parents[2] / "docs" / "generate.py"
    spec = importlib.util.spec_from_file_location("generate", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pages: Mapping[str, str] = module.generated()
    return pages


@pytest.mark.parametrize("verb", VERBS)
def test_every_flag_of_a_command_is_described(generated: Mapping[str, str], verb: str) -> None:
    section = generated["reference/help.md"].partition(f"\n## {verb}\n")[2].partition("\n## ")[0]
    flags = [action for action in parser_of(verb)._actions if action.option_strings]
    assert flags
    for flag in flags:
        assert flag.help, flag.option_strings
        assert all(f"{name}" in section for name in flag.option_strings)


@pytest.mark.parametrize(("kind", "entry"), ENTRIES, ids=[f"{k}-{e.name}" for k, e in ENTRIES])
def test_every_stage_and_each_of_its_options_are_described(
    generated: Mapping[str, str], kind: str, entry: Entry[object]
) -> None:
    validator = kind == "validator"
    page, level = ("rules", "##") if validator else ("options", "###")
    title = f"\n{level} {entry.name if validator else f'{kind} {entry.name}'}\n"
    section = generated[f"reference/{page}.md"].partition(title)[2].partition(f"\n{level} ")[0]
    assert documentation_of(entry.stage) in section
    for option in options_of(entry.stage):
        assert option["doc"], option["name"]
        assert f"| `{option['name']}` |" in section


def test_what_the_api_page_shows_is_there(generated: Mapping[str, str]) -> None:
    pages = generated["reference/api.md"] + generated["reference/contracts.md"]
    shown = [line.removeprefix("::: ") for line in pages.splitlines() if line.startswith("::: ")]
    assert shown
    for name in shown:
        module, _, member = name.rpartition(".")
        if not member[0].isupper():
            module, member = name, "__doc__"
        assert getattr(importlib.import_module(module), member)
