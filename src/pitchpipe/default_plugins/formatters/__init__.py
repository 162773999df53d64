"""The formatters that come with Pitchpipe."""

from __future__ import annotations

from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Formatter


@hookimpl
def register_formatters(register: Register[type[Formatter]]) -> None:
    """Offers them."""
