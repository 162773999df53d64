"""Misspells a hook."""

from __future__ import annotations

from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Splitter
from pitchpipe_broken.working import EveryOtherSplitter


@hookimpl
def register_spliters(register: Register[type[Splitter]]) -> None:
    """Offers a splitter that nobody will hear of."""
    register("unheard", EveryOtherSplitter)
