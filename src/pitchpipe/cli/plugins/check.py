"""All that is wrong with a plugin, installed or not yet."""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from pitchpipe.cli import flags
from pitchpipe.cli.choice import host_of

if TYPE_CHECKING:
    from pitchpipe.plugins import PluginHost
    from pitchpipe.registry import Provider

Offers = list[tuple[str, object, object]]


def run(arguments: argparse.Namespace) -> int:
    """Tells it; 1 if there is any."""
    from pitchpipe.cli.output import answer, answer_json, shown
    from pitchpipe.cli.plugins.loading import found
    from pitchpipe.deprecations import PitchpipeDeprecationWarning

    config = flags.configured(arguments).plugins
    checked = {}
    with found(arguments.words[0]) as plugins, warnings.catch_warnings():
        warnings.simplefilter("ignore", PitchpipeDeprecationWarning)  # told as faults
        host = host_of(config, strict=False)
        for provider, load in plugins:
            checked[provider] = list(_faults(provider, load, host, arguments.traceback))
    if arguments.json:
        answer_json(
            [
                {
                    "plugin": provider.plugin,
                    "distribution": provider.distribution,
                    "version": provider.version,
                    "faults": faults,
                }
                for provider, faults in checked.items()
            ]
        )
    else:
        for provider, faults in checked.items():
            answer(f"plugin {provider.plugin!r} of {provider}: {len(faults) or 'no'} faults")
            for fault in faults:
                answer(f"  {shown(fault)}")
    return int(any(checked.values()))


def _faults(
    provider: Provider, load: Callable[[], object], host: PluginHost, with_traceback: bool
) -> Iterator[str]:
    from pitchpipe.cli.output import say
    from pitchpipe.cli.plugins import hookfaults, stagefaults
    from pitchpipe.deprecations import in_hooks, in_stage
    from pitchpipe.hooks import implementations
    from pitchpipe.plugins import LoadFailure

    try:
        plugin = load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it is told
        yield f"it does not import: {type(error).__name__}: {error}"
        if with_traceback:
            say(LoadFailure(provider, error).traceback())
        return
    yield from hookfaults.faults(plugin)
    hooks = {one.hook: one.arguments for one in implementations(plugin)}
    used = list(in_hooks(hooks))
    faults: list[str] = []
    offers = _offers(plugin, faults)
    for kind, name, stage in offers:
        for fault in stagefaults.faults(kind, name, stage):
            yield f"{kind} {name!r}: {fault}"
        if isinstance(stage, type):
            used += in_stage(stage)
        yield from _collisions(host, provider, kind, name)
    yield from _repeated(offers)
    yield from faults
    for deprecation in dict.fromkeys(used):
        yield deprecation.describe("it").rstrip(".")


def _offers(plugin: object, faults: list[str]) -> Offers:
    """What it offers: kind, name, stage. What goes wrong is added to the faults."""
    import inspect

    from pitchpipe.hooks import implementations, specifications

    offers: Offers = []
    known = specifications()
    for one in implementations(plugin):
        well_formed = one.arguments == known.get(one.hook)
        if inspect.isclass(plugin) or not one.hook.startswith("register_") or not well_formed:
            continue
        kind = one.hook.removeprefix("register_").removesuffix("s")

        def register(name: object, stage: object, kind: str = kind) -> None:
            offers.append((kind, name, stage))

        function: Callable[..., Any] = getattr(plugin, one.function)
        try:
            function(register)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            faults.append(f"{one.function} raises {type(error).__name__}: {error}")
    return offers


def _repeated(offers: Offers) -> Iterator[str]:
    times = Counter(f"{kind} {name!r}" for kind, name, _ in offers)
    return (f"{what} is offered {count} times" for what, count in times.items() if count > 1)


def _collisions(host: PluginHost, provider: Provider, kind: str, name: object) -> Iterator[str]:
    registry = next(registry for registry in host.registries if registry.kind == kind)
    others = [
        entry.provider
        for entry in registry.named(str(name))
        if entry.provider.distribution != provider.distribution
    ]
    if others:
        yield f"{kind} {name!r} is also offered by {' and by '.join(map(str, others))}"
