"""What there is, as rows: the stages, the observers, the plugins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pitchpipe.cli.docs import options_of, summary_of

if TYPE_CHECKING:
    from pitchpipe.plugins import PluginHost
    from pitchpipe.registry import Provider


def stages(host: PluginHost) -> Iterator[dict[str, Any]]:
    """Every stage that is offered."""
    for registry in host.registries:
        for entry in registry:
            yield {
                "kind": registry.kind,
                "name": entry.name,
                **_origin(entry.provider),
                "summary": summary_of(entry.stage),
                "options": options_of(entry.stage),
                "capabilities": capabilities_of(entry.stage),
            }


def observers(host: PluginHost) -> Iterator[dict[str, Any]]:
    """Every plugin that hears of runs."""
    for provider in host.providers:
        heard = [hook for hook in host.hooks_of(provider) if not hook.startswith("register_")]
        if heard:
            yield {
                "kind": "observer",
                "name": provider.plugin,
                **_origin(provider),
                "summary": f"hears {', '.join(heard)}",
                "options": [],
            }


def plugins(host: PluginHost) -> Iterator[dict[str, Any]]:
    """Every loaded plugin, with its hooks and what it offers."""
    for provider in host.providers:
        yield {
            "kind": "plugin",
            "name": provider.plugin,
            **_origin(provider),
            "hooks": host.hooks_of(provider),
            "stages": [
                f"{registry.kind} {entry.name}"
                for registry in host.registries
                for entry in registry
                if entry.provider == provider
            ],
        }


def capabilities_of(stage: type) -> dict[str, Any]:
    """What a stage with its default options says of itself; empty where it cannot be asked."""
    import dataclasses

    try:
        said = getattr(stage, "create", stage)().capabilities
    except Exception:  # noqa: BLE001 - options may be required, or nothing said
        return {}
    names = [field.name for field in dataclasses.fields(said)]
    return {name: getattr(said, name) for name in names}


def _origin(provider: Provider) -> dict[str, str]:
    return {"provider": provider.distribution, "version": provider.version}
