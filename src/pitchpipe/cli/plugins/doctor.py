"""What is wrong with the plugins of this environment, and what to do about it."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pitchpipe.cli import flags
from pitchpipe.cli.choice import choice_of, host_of

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from pitchpipe.cli.choice import Choice
    from pitchpipe.diagnosis import Problem
    from pitchpipe.plugins import PluginHost


def run(arguments: argparse.Namespace) -> int:
    """Tells every problem; 1 if there is any. What is left out on purpose is told, and is none."""
    import dataclasses

    from pitchpipe.cli.output import answer, answer_json, say, shown
    from pitchpipe.deprecations import PitchpipeDeprecationWarning
    from pitchpipe.diagnosis import problems_of

    choice = choice_of(arguments, flags.written(arguments).plugins)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PitchpipeDeprecationWarning)  # told below
        host = host_of(choice.to_config(), strict=False)
    problems = [*problems_of(host), *_unmarked(host), *_doubled(), *_unmet()]
    left_out = list(_left_out(host, choice))
    if arguments.traceback:
        for failure in host.failures:
            say(failure.traceback())
    if arguments.json:
        answer_json(
            {
                "plugins": len(host.providers),
                "problems": [dataclasses.asdict(problem) for problem in problems],
                "left_out": left_out,
            }
        )
        return int(bool(problems))
    for problem in problems:
        answer(f"{problem.kind}: {shown(problem.message)}\n  {problem.advice}")
    for left in left_out:
        answer(
            f"{left['reason']}: plugin {left['plugin']!r} of {left['provider']}, by {left['by']}"
        )
    answer(f"{len(host.providers)} plugins loaded, {len(problems) or 'no'} problems.")
    return int(bool(problems))


def _left_out(host: PluginHost, choice: Choice) -> Iterator[dict[str, str]]:
    for left in host.left_out:
        yield {
            "plugin": left.provider.plugin,
            "provider": str(left.provider),
            "reason": left.reason,
            "by": choice.excluded_by(left.provider),
        }


def _unmarked(host: PluginHost) -> Iterator[Problem]:
    from pitchpipe.cli.plugins.hookfaults import unmarked
    from pitchpipe.diagnosis import Problem

    for provider in host.providers:
        for fault in unmarked(host.plugin_of(provider)):
            yield Problem(
                "not-a-hook",
                f"plugin {provider.plugin!r} of {provider}: {fault}",
                "Mark it or name it otherwise: as it is, it is never called.",
            )


def _doubled() -> Iterator[Problem]:
    from pitchpipe.diagnosis import Problem
    from pitchpipe.discovery import every_installation

    places: dict[str, dict[str, str]] = {}
    for one in every_installation():
        found = places.setdefault(one.provider.distribution, {})
        found.setdefault(one.place, one.provider.version)
    for distribution, found in sorted(places.items()):
        if len(found) > 1:
            where = " and ".join(f"{version} in {place}" for place, version in found.items())
            yield Problem(
                "installed-twice",
                f"{distribution} is installed twice: {where}",
                "The first counts. Uninstall it until none is left, and install it once.",
            )


def _unmet() -> Iterator[Problem]:
    from packaging.requirements import InvalidRequirement, Requirement

    from pitchpipe import __version__
    from pitchpipe.diagnosis import Problem
    from pitchpipe.discovery import installed

    wanted = {(one.provider.distribution, str(one.provider), one.requires) for one in installed()}
    for distribution, provider, requires in sorted(wanted):
        for text in requires:
            try:
                requirement = Requirement(text)
            except InvalidRequirement:
                continue  # its installer has had its say about it
            if requirement.name.lower() != "pitchpipe" or _does_not_apply(requirement):
                continue
            if not requirement.specifier.contains(__version__, prereleases=True):
                yield Problem(
                    "unmet-requirement",
                    f"{provider} wants pitchpipe{requirement.specifier}; this is {__version__}",
                    f"Install a version of {distribution} that fits, or another Pitchpipe.",
                )


def _does_not_apply(requirement: Requirement) -> bool:
    return requirement.marker is not None and not requirement.marker.evaluate({"extra": ""})
