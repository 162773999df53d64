"""List the installed plugins, or describe what goes by a name."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser, one_of

if TYPE_CHECKING:
    from pitchpipe.plugins import PluginHost

ACTIONS = ("list", "info")


def configure(parser: Parser) -> None:
    """Adds the flags."""
    parser.add_argument("action", metavar="list|info", type=one_of("action", ACTIONS))
    parser.add_argument("name", metavar="NAME", nargs="?", help="of a stage or a plugin, for info")
    flags.json_flag(parser)
    flags.configuration_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Lists or describes."""
    from pitchpipe.errors import UsageError
    from pitchpipe.plugins import PluginHost

    if (arguments.action == "info") != (arguments.name is not None):
        raise UsageError("give info a NAME, and list none. See pitchpipe plugins --help.")
    config = flags.configured(arguments).plugins
    host = PluginHost(block=config.block, allow=config.allow)
    if arguments.action == "list":
        _list(host, arguments.json)
    else:
        _info(host, arguments.name, arguments.json)
    return 0


def _list(host: PluginHost, as_json: bool) -> None:
    from pitchpipe.cli.output import answer, answer_json, table, warn

    rows = list(_described(host))
    failures = [
        {
            "distribution": failure.provider.distribution,
            "version": failure.provider.version,
            "plugin": failure.provider.plugin,
            "error": f"{type(failure.error).__name__}: {failure.error}",
        }
        for failure in host.failures
    ]
    if as_json:
        answer_json({"plugins": rows, "failures": failures})
        return
    titles = ("kind", "name", "provider", "version", "summary")
    answer(table(titles, [[row[title] for title in titles] for row in rows]))
    for failure in host.failures:
        warn(f"did not load: {failure}")


def _info(host: PluginHost, name: str, as_json: bool) -> None:
    from pitchpipe.cli.docs import options_text
    from pitchpipe.cli.output import answer, answer_json, pairs
    from pitchpipe.errors import PluginError, UnknownNameError

    rows = list(_described(host, said=(name,)))
    found = [row for row in rows if name in (row["name"], f"{row['provider']}:{row['name']}")]
    if not found:
        for failure in host.failures:
            if name in (failure.provider.plugin, failure.provider.distribution):
                raise PluginError(f"did not load: {failure}") from failure.error
        raise UnknownNameError("plugin", name, {row["name"] for row in rows})
    if as_json:
        answer_json(found)
        return
    blocks = []
    for row in found:
        facts = {key: row[key] for key in ("kind", "name", "provider", "version", "summary")}
        facts |= {"promises": _in_words(row["capabilities"])} if row.get("capabilities") else {}
        blocks.append("\n".join(filter(None, [pairs(facts), options_text(row["options"])])))
    answer("\n\n".join(blocks))


def _capabilities(stage: Any) -> dict[str, Any]:
    """What a stage with its default options says of itself; nothing where it has no default."""
    try:
        made = stage.create() if hasattr(stage, "create") else stage()
    except (TypeError, ValueError):
        return {}
    return dataclasses.asdict(made.capabilities)


def _in_words(capabilities: dict[str, Any]) -> str:
    names = [name for name, value in capabilities.items() if value is True]
    listed = [f"{name} {', '.join(v)}" for name, v in capabilities.items() if isinstance(v, tuple)]
    return ", ".join(names + listed) or "none"


def _described(host: PluginHost, said: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """All stages and observers; those of the names given with what they say of themselves."""
    from pitchpipe.cli.docs import options_of, summary_of

    for registry in host.registries:
        for entry in registry:
            asked = {entry.name, f"{entry.provider.distribution}:{entry.name}"} & {*said}
            yield {
                **({"capabilities": _capabilities(entry.stage)} if asked else {}),
                "kind": registry.kind,
                "name": entry.name,
                "provider": entry.provider.distribution,
                "version": entry.provider.version,
                "summary": summary_of(entry.stage),
                "options": options_of(entry.stage),
            }
    for provider in host.providers:
        heard = [hook for hook in host.hooks_of(provider) if not hook.startswith("register_")]
        if heard:
            yield {
                "kind": "observer",
                "name": provider.plugin,
                "provider": provider.distribution,
                "version": provider.version,
                "summary": f"hears {', '.join(heard)}",
                "options": [],
            }
