"""The plugins that installed distributions announce, without importing any."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import Distribution, distributions

from pitchpipe.registry import Provider, canonical

ENTRY_POINT_GROUP = "pitchpipe"


@dataclass(frozen=True)
class Installed:
    """One entry point of an installed distribution.

    Attributes:
        provider: the plugin and its distribution.
        load: imports and gives the plugin.
        module: the module that is imported; "" where the distribution's metadata are damaged.
        place: the folder that the distribution is installed in.
        requires: the distribution's requirements, as its metadata has them.
    """

    provider: Provider
    load: Callable[[], object]
    module: str
    place: str
    requires: tuple[str, ...]


def installed() -> list[Installed]:
    """The plugins that can be loaded, sorted by distribution and name.

    As on ``sys.path``, the first of two installations of a distribution counts.
    """
    found: dict[tuple[str, str], Installed] = {}
    for one in every_installation():
        found.setdefault((canonical(one.provider.distribution), one.provider.plugin), one)
    return sorted(found.values(), key=lambda one: one.provider.names)


def every_installation() -> Iterator[Installed]:
    """The plugins of all distributions, those among them that others hide."""
    for distribution in distributions():
        for plugin, load, module in _offers(distribution):
            name = _field(distribution, "Name") or "unnamed"
            provider = Provider(name, _field(distribution, "Version"), plugin)
            requires = tuple(distribution.metadata.get_all("Requires-Dist") or ())
            yield Installed(provider, load, module, str(distribution.locate_file("")), requires)


def _offers(distribution: Distribution) -> list[tuple[str, Callable[[], object], str]]:
    try:
        points = list(distribution.entry_points)
    except Exception as error:  # noqa: BLE001 - whatever a damaged list makes its reader raise
        ours = f"[{ENTRY_POINT_GROUP}]" in (distribution.read_text("entry_points.txt") or "")
        return [("entry_points.txt", partial(_raise, error), "")] if ours else []
    return [
        (point.name, point.load, point.value.partition(":")[0].strip())
        for point in points
        if point.group == ENTRY_POINT_GROUP
    ]


def _field(distribution: Distribution, name: str) -> str:
    values = distribution.metadata.get_all(name) or [""]
    return str(values[0])


def _raise(error: Exception) -> None:
    raise error
