"""A class of the wrong kind, an object for a class, a name that is none."""

from __future__ import annotations

from pitchpipe import hookimpl
from pitchpipe.default_plugins.formatters.completion import CompletionFormatter
from pitchpipe.default_plugins.splitters.random import RandomSplitter
from pitchpipe.hookspecs import Register
from pitchpipe.stages import Formatter, Splitter


@hookimpl
def register_splitters(register: Register[type[Splitter]]) -> None:
    register("completion", CompletionFormatter)  # error: arg-type
    register("random", RandomSplitter())  # error: arg-type
    register(1, RandomSplitter)  # error: arg-type
    register("random", RandomSplitter, "again")  # error: call-arg
    register("random", RandomSplitter)


@hookimpl
def register_formatters(register: Register[type[Formatter]]) -> None:
    register("random", RandomSplitter)  # error: arg-type
