"""The pages of the reference that are made from the code, when the site is built."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

API = {
    "pitchpipe.Pipeline": "pipeline.Pipeline",
    "pitchpipe.Run": "run.Run",
    "pitchpipe.Config": "config",
    "pitchpipe.PluginHost": "plugins",
    "pitchpipe.records": "records",
    "pitchpipe.errors": "errors",
    "pitchpipe.hookspecs": "hookspecs",
    "pitchpipe.registry": "registry",
    "pitchpipe.predictions": "predictions",
    "pitchpipe.scoring": "scoring",
    "pitchpipe.service": "service.service",
    "pitchpipe.service.transports": "service.transports",
    "pitchpipe.service.control": "service.control.control",
    "pitchpipe.service.control.faults": "service.control.faults",
    "pitchpipe.testing.parametrize_with_checks": "testing.conformance.checks",
    "pitchpipe.testing.Subject": "testing.conformance.subject.Subject",
}
"""Titles of what programs and plugins use, and where each is defined."""

CONTRACTS = (
    "formatter",
    "validator",
    "splitter",
    "trainer",
    "predictor",
    "learner",
    "engine",
    "ledger",
    "capabilities",
)

_HELP_COLUMNS = "100"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the generated pages to those of the folder; called by MkDocs."""
    from mkdocs.structure.files import File

    os.environ["COLUMNS"] = _HELP_COLUMNS  # which argparse wraps its help to
    for path, text in generated().items():
        files.append(File.generated(config, path, content=text))
    return files


def generated() -> dict[str, str]:
    """The generated pages: Markdown by path below ``docs/``."""
    return {
        "reference/api.md": _api(),
        "reference/contracts.md": _contracts(),
        "reference/help.md": _help(),
        "reference/options.md": _options(),
        "reference/rules.md": _rules(),
    }


def _api() -> str:
    parts = ["# API", "What programs and plugins import. [Contracts](contracts.md) has the stages."]
    for title, home in API.items():
        parts += [f"## {title}", f"::: pitchpipe.{home}"]
    return _page(parts)


def _contracts() -> str:
    parts = ["# Contracts", "What a stage of each kind promises; all are in `pitchpipe.stages`."]
    for module in CONTRACTS:
        parts += [f"## {module.capitalize()}", f"::: pitchpipe.stages.{module}"]
    return _page(parts)


def _help() -> str:
    from pitchpipe.cli import VERBS, parser_of

    parts = ["# Every flag", "What each command says of itself with `--help`."]
    for verb in VERBS:
        parts += [f"## {verb}", f"```text\n{parser_of(verb).format_help().rstrip()}\n```"]
    return _page(parts)


def _options() -> str:
    from pitchpipe.cli.docs import documentation_of, options_of
    from pitchpipe.plugins import PluginHost

    host = PluginHost(entry_points=False)
    parts = ["# Every stage", "Those that come with Pitchpipe, with all of their options."]
    for registry in host.registries:
        if registry is host.validators:
            continue
        parts.append(f"## {registry.kind.capitalize()}s")
        for entry in registry:
            parts += [f"### {registry.kind} {entry.name}", documentation_of(entry.stage)]
            parts.append(_table(options_of(entry.stage)))
    return _page(parts)


def _rules() -> str:
    from pitchpipe.cli.rules import described
    from pitchpipe.plugins import PluginHost

    parts = ["# Every rule", "What `pitchpipe rules RULE` says of each, in alphabetical order."]
    host = PluginHost(entry_points=False)
    for rule in sorted(map(described, host.validators), key=lambda rule: str(rule["rule"])):
        facts = [
            f"severity {rule['severity']}",
            "with a fix" if rule["fix"] else "without a fix",
            f"profiles: {', '.join(rule['profiles']) or 'none'}",
            f"sees: {rule['scope']}",
        ]
        parts += [f"## {rule['rule']}", f"*{'; '.join(facts)}*", rule["documentation"]]
        parts.append(_table(rule["options"]))
    return _page(parts)


def _table(options: list[dict[str, Any]]) -> str:
    if not options:
        return ""
    rows = ["| option | type | default | meaning |", "|---|---|---|---|"]
    for option in options:
        default = "required" if option["required"] else f"`{option['default']!r}`"
        cells = (f"`{option['name']}`", f"`{option['type']}`", default, option["doc"])
        rows.append(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(rows)


def _page(parts: list[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"
