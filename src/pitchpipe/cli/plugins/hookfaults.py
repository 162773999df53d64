"""What is wrong with the hooks of a plugin, as an author would want it said."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from pitchpipe.hooks import close_hook, implementations, specifications


def faults(plugin: object) -> Iterator[str]:
    """Everything that is wrong with its hooks, a sentence each without its point."""
    if inspect.isclass(plugin):
        yield f"{plugin.__qualname__} is a class; give an instance of it"
    known = specifications()
    found = list(implementations(plugin))
    for one in found:
        if one.hook not in known and one.optional:
            continue
        if one.hook not in known:
            close = close_hook(one.hook)
            hint = f"did you mean {close!r}?" if close else f"known: {', '.join(sorted(known))}"
            yield f"{one.function} implements a hook {one.hook!r} that does not exist; {hint}"
            continue
        for argument in one.arguments:
            if argument not in known[one.hook]:
                yield (
                    f"{one.function} takes {argument!r}, which {one.hook} does not have; "
                    f"known: {', '.join(known[one.hook])}"
                )
    yield from unmarked(plugin)
    if not found:
        yield "it implements no hook; mark functions with pitchpipe.hookimpl"


def unmarked(plugin: object) -> Iterator[str]:
    """Functions that look like hooks and are not marked, which nobody would call or miss."""
    marked = {one.function for one in implementations(plugin)}
    home = plugin.__name__ if inspect.ismodule(plugin) else None
    for name, function in inspect.getmembers(plugin, inspect.isroutine):
        if name in marked or name.startswith("_") or home not in (None, function.__module__):
            continue
        close = close_hook(name)
        if close == name:
            yield f"{name} is named like a hook and is not marked; write @hookimpl above it"
        elif close is not None:
            yield f"{name} is not marked and close to the hook {close!r}; is it meant to be one?"
