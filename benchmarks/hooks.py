"""What plugins cost a run: loading them, finding stages by name, telling observers."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.data import write_csv
from benchmarks.figure import Figure
from pitchpipe import Pipeline, PluginHost, hookimpl
from pitchpipe.registry import Registry

ROWS = 100_000
OBSERVERS = 20


class _Observer:
    """Hears all there is to hear and does nothing."""

    @hookimpl
    def stage_progressed(self, stage: str, done: int) -> None:
        pass

    @hookimpl
    def job_event(self, event: object) -> None:
        pass


class _Clock:
    """Adds up the time within functions that it watches, the outermost counting alone."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.calls = 0
        self._deep = False

    def watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            if self._deep:
                return function(*args, **named)
            self._deep, begin = True, time.perf_counter()
            try:
                return function(*args, **named)
            finally:
                self.seconds += time.perf_counter() - begin
                self.calls += 1
                self._deep = False

        return call


def measure(count: int = ROWS) -> Iterator[Figure]:
    """Runs the whole pipeline as installed, and with many observers more.

    The modules of the default plugins are imported before: a pipeline without plugins would need
    them as well.
    """
    begin = time.perf_counter()
    import_module("pitchpipe.default_plugins")
    yield Figure(
        "hooks", "import of the default plugins", 1000 * (time.perf_counter() - begin), "ms"
    )
    for extra in (0, OBSERVERS):
        yield from _measure(count, extra)


def _measure(count: int, extra: int) -> Iterator[Figure]:
    loading, looking, telling = _Clock(), _Clock(), _Clock()
    watched = (
        (PluginHost, "__init__", loading),
        (Registry, "get", looking),
        (PluginHost, "_notify", telling),
    )
    originals = [(owner, name, getattr(owner, name)) for owner, name, _ in watched]
    for owner, name, clock in watched:
        setattr(owner, name, clock.watched(getattr(owner, name)))
    try:
        with tempfile.TemporaryDirectory() as folder:
            table = write_csv(Path(folder) / "table.csv", count)
            begin = time.perf_counter()
            host = PluginHost()
            for number in range(extra):
                host.register(_Observer(), name=f"observer-{number}")
            trainer = {"name": "fake", "base_url": f"offline:{Path(folder) / 'service'}"}
            Pipeline.from_config({"trainer": trainer}, host).run(table, Path(folder) / "run")
            total = time.perf_counter() - begin
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)
    who = f"{extra} observers more" if extra else "as installed"
    for title, clock in (("load", loading), ("look up", looking), ("tell", telling)):
        yield Figure("hooks", f"{title}, {who}: {clock.calls:,} calls", clock.seconds * 1000, "ms")
    share = 100 * sum(clock.seconds for clock in (loading, looking, telling)) / total
    yield Figure("hooks", f"of a run of {total:.1f} s, {count:,} rows, {who}", share, "%", "<= 1")
