"""All that is wrong with a plugin, installed or not yet."""

from __future__ import annotations

import argparse
import dataclasses
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pitchpipe.cli import flags
from pitchpipe.cli.choice import choice_of, host_of

if TYPE_CHECKING:
    from pitchpipe.cli.choice import Choice
    from pitchpipe.plugins import PluginHost
    from pitchpipe.registry import Provider

Offers = list[tuple[str, object, object]]


def run(arguments: argparse.Namespace) -> int:
    """Tells it; 1 if there is any."""
    from pitchpipe.cli.output import answer, answer_json, shown
    from pitchpipe.cli.plugins.loading import found, installed_behind
    from pitchpipe.deprecations import PitchpipeDeprecationWarning

    choice = choice_of(arguments, flags.written(arguments).plugins)
    (target,) = arguments.words
    _refuse(choice, installed_behind(target))
    checked = {}
    with found(target) as plugins, warnings.catch_warnings():
        warnings.simplefilter("ignore", PitchpipeDeprecationWarning)  # told as faults
        # what is not installed need not be allowed
        _refuse(dataclasses.replace(choice, allow=None), [provider for provider, _ in plugins])
        host = host_of(choice.to_config(), strict=False)
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
            count = f"{len(faults) or 'no'} fault{'s' * (len(faults) != 1)}"
            answer(f"plugin {provider.plugin!r} of {provider}: {count}")
            for fault in faults:
                answer(f"  {shown(fault)}")
    return int(any(checked.values()))


def _refuse(choice: Choice, providers: Iterable[Provider]) -> None:
    for provider in providers:
        if refusal := choice.refusal(provider):
            raise refusal


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
