"""List the installed plugins, or describe what goes by a name."""

from __future__ import annotations

import argparse
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

    rows = list(_described(host))
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
        blocks.append("\n".join(filter(None, [pairs(facts), options_text(row["options"])])))
    answer("\n\n".join(blocks))


def _described(host: PluginHost) -> Iterator[dict[str, Any]]:
    from pitchpipe.cli.docs import options_of, summary_of

    for registry in host.registries:
        for entry in registry:
            yield {
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
