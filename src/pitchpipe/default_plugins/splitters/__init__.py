"""The splitters that come with Pitchpipe."""

from __future__ import annotations

from pitchpipe.default_plugins.splitters.group import GroupSplitter
from pitchpipe.default_plugins.splitters.legacy import LegacySplitter
from pitchpipe.default_plugins.splitters.random import RandomSplitter
from pitchpipe.default_plugins.splitters.stratified import StratifiedSplitter
from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Splitter


@hookimpl
def register_splitters(register: Register[type[Splitter]]) -> None:
    """Offers them."""
    register("random", RandomSplitter)
    register("stratified", StratifiedSplitter)
    register("group", GroupSplitter)
    register("legacy", LegacySplitter)
