"""The engine: where chunks are worked on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, TypeVar

from pitchpipe.stages.capabilities import EngineCapabilities

Item = TypeVar("Item")
Result = TypeVar("Result")


class Engine(ABC):
    """Where chunks are worked on: in this process, in many, or on other machines."""

    shares_files: ClassVar[bool] = False
    """Whether files that are written there can be read here, which saves sending them."""

    @property
    def capabilities(self) -> EngineCapabilities:
        """Which promises it can keep; by default all."""
        return EngineCapabilities()

    @abstractmethod
    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """``function`` of every item, in the items' order, whatever the order it was done in.

        The function, the items and the results can be pickled. Only a few results wait at a time.
        What the function raises is raised here.
        """
