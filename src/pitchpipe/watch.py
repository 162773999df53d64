"""Telling observers what happens, and how long it took."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

import pandas as pd

from pitchpipe import stopping
from pitchpipe.plugins import PluginHost
from pitchpipe.records import RunInfo

STAGES = ("read", "validate", "format", "split", "train", "follow", "predict", "score")

T = TypeVar("T")


class Watch:
    """The news of one run.

    Args:
        host: whose observers are told.
        run: which run they are told about.

    Attributes:
        seconds: what each finished stage took.
    """

    def __init__(self, host: PluginHost, run: RunInfo) -> None:
        self.host = host
        self.run = run
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """A stage, from its start to its end, well or not."""
        stopping.check()
        self.host.stage_started(self.run, name)
        begin = time.perf_counter()
        try:
            yield
        except BaseException as error:
            self.host.stage_failed(self.run, name, error)
            raise
        self.seconds[name] = time.perf_counter() - begin
        self.host.stage_finished(self.run, name, self.seconds[name])

    def adopted(self, name: str, seconds: float) -> None:
        """A stage that an earlier attempt finished, and what it took then."""
        self.seconds[name] = seconds
        self.host.stage_started(self.run, name)
        self.host.stage_finished(self.run, name, 0.0)

    def progressed(self, stage: str, done: int) -> None:
        """So many of a stage's units are dealt with; how many there are is not known."""
        stopping.check()
        self.host.stage_progressed(self.run, stage, done, None)

    def counting(
        self, stage: str, items: Iterable[T], total: int | None = None, done: int = 0
    ) -> Iterator[T]:
        """The items, reporting each one (a chunk by its number of rows) once it is dealt with."""
        for item in items:
            yield item
            done += len(item) if isinstance(item, pd.DataFrame) else 1
            stopping.check()
            self.host.stage_progressed(self.run, stage, done, total)
