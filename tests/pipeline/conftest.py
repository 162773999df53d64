from __future__ import annotations

import csv
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pitchpipe import Pipeline, PluginHost
from pitchpipe.stages import Engine

GOOD = ("fine", "warm", "bright", "tender", "lively", "witty", "graceful", "joyful")
BAD = ("dull", "cold", "murky", "clumsy", "lifeless", "stale", "hollow", "tedious")
PLAIN = ("film", "scene", "actor", "plot", "ending", "score", "camera", "story", "city", "night")


def reviews(rows: int, seed: int = 7) -> list[tuple[str, str]]:
    """Separable reviews, half of each tag, no two alike."""
    rng = random.Random(seed)
    made: dict[str, str] = {}
    while len(made) < rows:
        tag = ("pos", "neg")[len(made) % 2]
        words = rng.sample(PLAIN, 3) + rng.sample(GOOD if tag == "pos" else BAD, 2)
        rng.shuffle(words)
        made.setdefault(" ".join(words), tag)
    return list(made.items())


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    def write(
        rows: list[tuple[str, ...]],
        header: tuple[str, ...] = ("text", "tag"),
        name: str = "films.csv",
    ) -> Path:
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(header)
            writer.writerows(rows)
        return path

    return write


@pytest.fixture
def films(write_csv: Callable[..., Path]) -> Path:
    return write_csv(reviews(120))


@pytest.fixture
def make_reviews() -> Callable[..., list[tuple[str, str]]]:
    return reviews


@pytest.fixture
def make_pipeline(tmp_path: Path) -> Callable[..., Pipeline]:
    """Pipelines whose service and runs live in the test's own folder."""

    def make(host: PluginHost | None = None, **tables: Any) -> Pipeline:
        config = {
            "trainer": {"name": "fake", "base_url": f"offline:{tmp_path / 'service'}"},
            "run": {"folder": str(tmp_path / "runs")},
            **tables,
        }
        return Pipeline.from_config(config, host or PluginHost(entry_points=False))

    return make


@pytest.fixture(scope="session")
def local() -> Callable[[int], Engine]:
    """The local engine with so many workers."""
    registry = PluginHost(entry_points=False).engines
    return lambda workers: registry.create("local", {"workers": workers})
