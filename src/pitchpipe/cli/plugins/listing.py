"""All stages and observers, with their providers."""

from __future__ import annotations

import argparse

from pitchpipe.cli import flags
from pitchpipe.cli.choice import host_of


def run(arguments: argparse.Namespace) -> int:
    """Lists them, and on stderr what did not load."""
    from pitchpipe.cli.output import answer, answer_json, say, table, warn
    from pitchpipe.cli.plugins.rows import observers, stages

    host = host_of(flags.configured(arguments).plugins)
    rows = [*stages(host), *observers(host)]
    if arguments.json:
        failures = [
            {
                "distribution": failure.provider.distribution,
                "version": failure.provider.version,
                "plugin": failure.provider.plugin,
                "error": f"{type(failure.error).__name__}: {failure.error}",
            }
            for failure in host.failures
        ]
        answer_json({"plugins": rows, "failures": failures})
        return 0
    titles = ("kind", "name", "provider", "version", "summary")
    answer(table(titles, [[row[title] for title in titles] for row in rows]))
    for failure in host.failures:
        warn(f"did not load: {failure}")
        if arguments.traceback:
            say(failure.traceback())
    return 0
