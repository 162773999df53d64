"""Looking at what a plugin implements, without registering it."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass

import pluggy

from pitchpipe import hookspecs


@dataclass(frozen=True)
class Implementation:
    """A function of a plugin that is marked as a hook implementation.

    Attributes:
        function: its name.
        hook: the hook that it is for, whether there is such a hook or not.
        arguments: the names of its arguments.
        optional: whether it is none the worse where there is no such hook.
    """

    function: str
    hook: str
    arguments: tuple[str, ...]
    optional: bool


def specifications() -> dict[str, tuple[str, ...]]:
    """The argument names of every hook, by the hook's name."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    return {
        name: tuple(inspect.signature(function).parameters)
        for name, function in inspect.getmembers(hookspecs, inspect.isfunction)
        if manager.parse_hookspec_opts(hookspecs, name) is not None
    }


def implementations(plugin: object) -> Iterator[Implementation]:
    """The marked functions of a module, an object or a class, sorted by name."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    for name in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, name)
        if options is not None:
            arguments = tuple(inspect.signature(getattr(plugin, name)).parameters)
            if inspect.isclass(plugin):
                arguments = arguments[1:]  # self, which no instance has bound yet
            hook = options.get("specname") or name
            yield Implementation(name, hook, arguments, bool(options.get("optionalhook")))


def close_hook(name: str) -> str | None:
    """The hook whose name is most like this one, if any is."""
    return next(iter(difflib.get_close_matches(name, specifications(), n=1, cutoff=0.8)), None)
