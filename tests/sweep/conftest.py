from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any, Self

import pytest

from pitchpipe import PluginHost, hookimpl
from pitchpipe.hookspecs import Register
from pitchpipe.records import Format, Job
from pitchpipe.service.learners.ngram import NgramLearner
from pitchpipe.stages import Learner
from pitchpipe.sweep import Sweep

GOOD = ("warm", "witty", "tender", "lively", "joyful")
BAD = ("dull", "murky", "stale", "hollow", "tedious")
THINGS = ("film", "plot", "ending", "score", "story", "scene")


def rows(things: tuple[str, ...] = THINGS) -> list[tuple[str, str]]:
    """Two good reviews for each bad one, no two alike."""
    good = [(f"a {word} {thing}", "pos") for word, thing in product(GOOD, things)]
    bad = [(f"a {word} {thing}", "neg") for word, thing in product(BAD, things[::2])]
    return good + bad


class Sized(NgramLearner):
    """A learner with two base models of its own."""

    @classmethod
    def bases(cls) -> Mapping[str, Format]:
        return {"small": "completion", "large": "chat"}

    @classmethod
    def create_from(cls, base: str) -> Self:
        del base
        return cls.create()


class Sizes:
    @hookimpl
    def register_learners(self, register: Register[type[Learner]]) -> None:
        register("sized", Sized)


@pytest.fixture
def write_films(tmp_path: Path) -> Callable[..., Path]:
    def write(*things: str) -> Path:
        path = tmp_path / "films.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerows([("text", "tag"), *rows(things or THINGS)])
        return path

    return write


@pytest.fixture
def films(write_films: Callable[..., Path]) -> Path:
    """45 rows, of which 9 are held out."""
    return write_films()


@pytest.fixture
def make_sweep(films: Path, tmp_path: Path) -> Callable[..., Sweep]:
    """Sweeps of the films whose service and cells live in the test's own folder."""

    def make(
        models: tuple[str, ...] = ("babbage-002",),
        examples: tuple[int, ...] = (12, 24),
        epochs: tuple[int, ...] = (1,),
        name: str = "sweep",
        **tables: Any,
    ) -> Sweep:
        learner = "?learner=sized" if Sized.bases().keys() & set(models) else ""
        address = f"offline:{tmp_path / 'service'}{learner}"
        config = {
            "trainer": {"name": "fake", "base_url": address},
            "training": {"seed": 3},
            **tables,
        }
        return Sweep(
            config,
            films,
            models=models,
            examples=examples,
            epochs=epochs,
            out_dir=tmp_path / name,
            host=PluginHost([Sizes()], entry_points=False),
        )

    return make


@pytest.fixture
def jobs() -> Callable[[Sweep], list[Job]]:
    """All jobs at a sweep's service."""
    return lambda sweep: list(sweep.pipeline.trainer.jobs())
