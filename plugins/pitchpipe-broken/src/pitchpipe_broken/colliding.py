"""Offers a splitter under a name that Pitchpipe uses itself."""

from __future__ import annotations

from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Splitter
from pitchpipe_broken.working import EveryOtherSplitter


@hookimpl
def register_splitters(register: Register[type[Splitter]]) -> None:
    """Offers it."""
    register("legacy", EveryOtherSplitter)
