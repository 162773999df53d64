"""List the rules that a table can be checked by, or describe one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser

if TYPE_CHECKING:
    from pitchpipe.registry import Entry
    from pitchpipe.stages import Validator


def configure(parser: Parser) -> None:
    """Adds the flags."""
    parser.add_argument("name", metavar="RULE", nargs="?", help="to describe; by default, list all")
    flags.json_flag(parser)
    flags.configuration_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Lists or describes."""
    from pitchpipe.cli.output import answer, answer_json, table, warn
    from pitchpipe.plugins import PluginHost

    config = flags.configured(arguments).plugins
    host = PluginHost(block=config.block, allow=config.allow)
    if arguments.name is not None:
        entry = host.get(host.validators, arguments.name)
        rule = described(entry)
        if arguments.json:
            answer_json(rule)
        else:
            answer(_text(rule))
        return 0
    rows = [described(entry) for entry in host.validators]
    if arguments.json:
        answer_json(rows)
        return 0
    titles = ("rule", "severity", "fix", "profiles", "provider", "version", "summary")
    answer(table(titles, [[_cell(row[title]) for title in titles] for row in rows]))
    for failure in host.failures:
        warn(f"did not load: {failure}")
    return 0


def described(entry: Entry[Validator[Any]]) -> dict[str, Any]:
    """A rule in JSON types, but for the defaults of its options."""
    from pitchpipe.cli.docs import documentation_of, options_of, summary_of
    from pitchpipe.profiles import PROFILES

    return {
        "rule": entry.name,
        "severity": str(entry.stage.severity),
        "fix": entry.stage.fixes,
        "profiles": [p.name for p in PROFILES.values() if entry.name in p.validators],
        "provider": entry.provider.distribution,
        "version": entry.provider.version,
        "summary": summary_of(entry.stage),
        "scope": entry.stage.scope,
        "documentation": documentation_of(entry.stage),
        "options": options_of(entry.stage),
    }


def _text(rule: dict[str, Any]) -> str:
    from pitchpipe.cli.docs import options_text
    from pitchpipe.cli.output import pairs

    names = ("rule", "severity", "fix", "profiles", "provider", "version", "scope")
    facts = pairs({name: _cell(rule[name]) for name in names})
    parts = [facts, rule["documentation"], options_text(rule["options"])]
    return "\n\n".join(part for part in parts if part)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) or "-" if isinstance(value, list) else str(value)
