"""How long the help takes to appear, against a Python that does nothing."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import child
from benchmarks.figure import Figure

ROUNDS = 21


def measure() -> Iterator[Figure]:
    """Runs both in turns and compares the medians."""
    script = Path(sys.executable).with_name("pitchpipe")
    ours = [str(script)] if script.exists() else [sys.executable, "-m", "pitchpipe"]
    nothing = [sys.executable, "-c", "pass"]
    times: dict[str, list[float]] = {"nothing": [], "help": []}
    for _ in range(ROUNDS):
        times["nothing"].append(child.run(nothing).seconds)
        times["help"].append(child.run([*ours, "--help"]).seconds)
    floor, help_ = (statistics.median(times[name]) for name in ("nothing", "help"))
    yield Figure("startup", "python -c pass", floor * 1000, "ms")
    yield Figure("startup", "pitchpipe --help", help_ * 1000, "ms")
    yield Figure("startup", "help / pass", help_ / floor, "x", "<= 3")
