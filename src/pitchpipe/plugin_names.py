"""The names that plugins are blocked and allowed by, held against the plugins that there are.

Nothing is imported for it but the plugins that come with Pitchpipe.
"""

from __future__ import annotations

from collections.abc import Iterable

from pitchpipe.discovery import installed
from pitchpipe.errors import UnknownNameError
from pitchpipe.registry import Provider


def default_providers() -> list[Provider]:
    """The plugins that come with Pitchpipe, in the order of ``DEFAULT_PLUGINS``."""
    from pitchpipe import __version__
    from pitchpipe.default_plugins import DEFAULT_PLUGINS

    names = (module.__name__.rpartition(".")[2] for module in DEFAULT_PLUGINS)
    return [Provider("pitchpipe", __version__, name) for name in names]


def check_names(named: Iterable[tuple[str, str]], given: Iterable[Provider] = ()) -> None:
    """Whether every name that blocks or allows a plugin belongs to one.

    Args:
        named: each name, with the flag, the variable or the key that has it.
        given: plugins that are neither installed nor Pitchpipe's own.

    Raises:
        UnknownNameError: no plugin and no distribution has a name; says who wrote it, and knows the
            close match and the names that there are.
    """
    named = list(named)
    if not named:
        return
    there = [*default_providers(), *(one.provider for one in installed()), *given]
    known = {name for provider in there for name in provider.names}
    for name, where in named:
        if not any(provider.answers_to(name) for provider in there):
            raise UnknownNameError("plugin or distribution", name, known, where=where)
