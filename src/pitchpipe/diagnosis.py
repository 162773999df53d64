"""What is wrong with the plugins of a host, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pitchpipe.plugins import PluginHost


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        kind: what sort of thing, joined by hyphens ("load-failure").
        message: what it is, with the plugin and its distribution.
        advice: what to do.
    """

    kind: str
    message: str
    advice: str


def problems_of(host: PluginHost) -> list[Problem]:
    """What strict mode refuses: failures, collisions, deprecations."""
    return [*_failures(host), *_collisions(host), *_deprecated(host)]


def _failures(host: PluginHost) -> Iterator[Problem]:
    for failure in host.failures:
        yield Problem(
            "load-failure",
            str(failure),
            f"Mend or remove {failure.provider.distribution}, or block it; "
            f"pitchpipe plugins info {failure.provider.plugin} --traceback shows where it failed.",
        )


def _collisions(host: PluginHost) -> Iterator[Problem]:
    for registry in host.registries:
        for name in registry.names():
            entries = registry.named(name)
            if len(entries) > 1:
                yield Problem(
                    "name-collision",
                    f"{registry.kind} {name!r} is offered by "
                    f"{' and by '.join(str(entry.provider) for entry in entries)}",
                    f"Say {entries[0].provider.distribution}:{name} where you mean it, "
                    "or block one of the plugins.",
                )


def _deprecated(host: PluginHost) -> Iterator[Problem]:
    for user, deprecation in host.deprecated:
        yield Problem(
            "deprecated", deprecation.describe(user), f"Ask for a newer version of {user}."
        )
