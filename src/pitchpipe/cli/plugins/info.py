"""All about a stage, a plugin or a distribution."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pitchpipe.cli import flags
from pitchpipe.cli.choice import choice_of, host_of

if TYPE_CHECKING:
    from pitchpipe.cli.choice import Choice
    from pitchpipe.plugins import PluginHost


def run(arguments: argparse.Namespace) -> int:
    """Describes everything that goes by the name."""
    from pitchpipe.cli.output import answer, answer_json
    from pitchpipe.cli.plugins import rows

    choice = choice_of(arguments, flags.written(arguments).plugins)
    host = host_of(choice.to_config())
    (name,) = arguments.words
    known = [*rows.stages(host), *rows.plugins(host)]
    found = [row for row in known if _goes_by(row, name)]
    if not found:
        raise _not_found(host, choice, name, {row["name"] for row in known})
    if arguments.json:
        answer_json(found)
    else:
        answer("\n\n".join(map(_text, found)))
    return 0


def _goes_by(row: dict[str, Any], name: str) -> bool:
    from pitchpipe.registry import same_distribution

    if row["kind"] == "plugin" and same_distribution(name, row["provider"]):
        return True
    distribution, _, short = name.rpartition(":")
    return short == row["name"] and (
        not distribution or same_distribution(distribution, row["provider"])
    )


def _not_found(host: PluginHost, choice: Choice, name: str, known: set[str]) -> Exception:
    from pitchpipe.errors import PluginError, UnknownNameError

    for failure in host.failures:
        if failure.provider.answers_to(name):
            error = PluginError(f"did not load: {failure}")
            error.__cause__ = failure.error  # --traceback shows where it arose
            return error
    for left in host.left_out:
        refusal = choice.refusal(left.provider)
        if left.provider.answers_to(name) and refusal:
            return refusal
    return UnknownNameError("plugin", name, known)


def _text(row: dict[str, Any]) -> str:
    from pitchpipe.cli.docs import options_text
    from pitchpipe.cli.output import pairs

    facts = {title: row[title] for title in ("kind", "name", "provider", "version")}
    for title in ("hooks", "stages"):
        if row.get(title):
            facts[title] = ", ".join(row[title])
    if "summary" in row:
        facts["summary"] = row["summary"]
    if row.get("capabilities"):
        facts["promises"] = _in_words(row["capabilities"])
    parts = (pairs(facts), options_text(row.get("options", [])))
    return "\n".join(filter(None, parts))


def _in_words(capabilities: Mapping[str, Any]) -> str:
    """The flags that are set, and the values of those that are lists."""
    names = [name for name, value in capabilities.items() if value is True]
    listed = [f"{name} {', '.join(v)}" for name, v in capabilities.items() if isinstance(v, tuple)]
    return ", ".join(names + listed) or "none"
