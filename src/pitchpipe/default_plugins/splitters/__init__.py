"""The splitters that come with Pitchpipe."""

from __future__ import annotations

from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Splitter


@hookimpl
def register_splitters(register: Register[type[Splitter]]) -> None:
    """Offers them."""
