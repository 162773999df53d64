"""Offers a class that lacks what its contract asks for."""

from __future__ import annotations

from dataclasses import dataclass

from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Splitter


@dataclass(frozen=True)
class UnfinishedSplitter(Splitter):
    """Does not say which records are held out."""


@hookimpl
def register_splitters(register: Register[type[Splitter]]) -> None:
    """Offers it."""
    register("unfinished", UnfinishedSplitter)  # type: ignore[type-abstract]  # on purpose
