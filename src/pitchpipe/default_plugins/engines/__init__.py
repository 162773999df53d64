"""The engines that come with Pitchpipe."""

from __future__ import annotations

from pitchpipe.default_plugins.engines.local import LocalEngine
from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Engine


@hookimpl
def register_engines(register: Register[type[Engine]]) -> None:
    """Offers them."""
    register("local", LocalEngine)
