"""What is there is documented, and what is documented is there."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

import pytest

from pitchpipe import hookspecs
from pitchpipe.cli import VERBS
from pitchpipe.config import Config, StageConfig
from pitchpipe.plugins import PluginHost
from pitchpipe.registry import option_names
from pitchpipe.service.control.fault import RequestFault
from pitchpipe.service.control.faults import KINDS
from pitchpipe.service.control.routes import ControlRoutes
from pitchpipe.service.service import Service

HOST = PluginHost(entry_points=False)
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "plugins/README.md", "cassettes/README.md")


def _keys() -> set[str]:
    keys = set()
    defaults = Config()
    for section in dataclasses.fields(Config):
        table = getattr(defaults, section.name)
        if isinstance(table, StageConfig):
            keys.add(f"{section.name}.name")
        else:
            keys |= {f"{section.name}.{field.name}" for field in dataclasses.fields(table)}
    return keys


def test_every_configuration_key_is_described_and_no_other(root: Path) -> None:
    text = (root / "docs/reference/configuration.md").read_text("utf-8")
    described = set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", text, re.MULTILINE))
    assert described == _keys()


def test_described_defaults_of_keys_are_the_real_ones(root: Path) -> None:
    text = (root / "docs/reference/configuration.md").read_text("utf-8")
    tables = Config().to_mapping()
    rows = re.findall(r"^\| `(\w+)\.(\w+)` \| ?(`[^`]*`)? ?\|", text, re.MULTILINE)
    described = {(section, key): value.strip("`") for section, key, value in rows}
    for (section, key), value in described.items():
        real = tables[section].get(key)
        shown = "" if real is None else str(real).lower() if isinstance(real, bool) else real
        assert value == (f'"{shown}"' if isinstance(real, str) else str(shown)), (section, key)


def _specs() -> dict[str, str]:
    specs = {}
    for name, function in inspect.getmembers(hookspecs, inspect.isfunction):
        if hasattr(function, "pitchpipe_spec"):
            specs[name] = f"{name}{inspect.signature(function)}".replace("'", "")
    return specs


def test_every_hook_is_described_by_its_signature_and_no_other(root: Path) -> None:
    text = (root / "docs/reference/hooks.md").read_text("utf-8")
    described = re.findall(r"^\| `(\w+\(.*?\) -> None)` \|", text, re.MULTILINE)
    assert sorted(line.replace("\\|", "|") for line in described) == sorted(_specs().values())


def test_every_command_is_described_and_no_other(root: Path) -> None:
    text = (root / "docs/reference/command-line.md").read_text("utf-8")
    assert set(re.findall(r"^\| `pitchpipe (\w+)", text, re.MULTILINE)) == set(VERBS)


@pytest.mark.parametrize("kind", [registry.kind for registry in HOST.registries])
def test_every_stage_is_described_with_its_options(root: Path, kind: str) -> None:
    registry = next(registry for registry in HOST.registries if registry.kind == kind)
    text = (root / "docs/reference/stages.md").read_text("utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)
    own = next(part for part in sections if part.startswith(f"{kind.capitalize()}s"))
    # predictors share the connection's options with trainers
    shared = next(part for part in sections if part.startswith("Trainers"))
    for entry in registry:
        assert f"`{entry.name}`" in own
        for option in option_names(entry.stage):
            assert f"`{option}`" in (own + shared if kind == "predictor" else own), option


def _links() -> list[tuple[str, str]]:
    root = Path(__file__).resolve().parents[2]
    pages = [*PAGES, *(str(page.relative_to(root)) for page in sorted(root.glob("docs/**/*.md")))]
    found = []
    for page in pages:
        text = (root / page).read_text("utf-8")
        found += [(page, link) for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    return [(page, link) for page, link in found if not link.startswith("http")]


@pytest.mark.parametrize(("page", "link"), _links())
def test_links_between_pages_lead_somewhere(root: Path, page: str, link: str) -> None:
    name, _, anchor = link.partition("#")
    target = (root / page).parent / name if name else root / page
    assert target.is_file()
    if anchor:
        titles = re.findall(r"^#+ (.*)$", target.read_text("utf-8"), re.MULTILINE)
        assert anchor in {title.lower().replace(" ", "-") for title in titles}


def test_every_control_route_and_every_fault_is_documented(root: Path) -> None:
    text = (root / "docs/reference/control.md").read_text("utf-8")
    service = Service()
    for route in ControlRoutes(service.control).routes():
        template = re.escape(f"{route.method} {route.template}").replace(r"\*", "(NAME|ID)")
        assert re.search(f"`{template}`", text), template
    service.close()
    common = set(RequestFault.model_fields)
    for kind, fault in KINDS.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"| `{kind}` |")]
        own = set(fault.model_fields) - common if issubclass(fault, RequestFault) else set()
        assert all(f"`{name}`" in line for name in (*own, fault.__name__)), kind
