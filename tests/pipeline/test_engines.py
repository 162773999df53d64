"""Wherever the work is done, the result is the same."""

from __future__ import annotations

import pickle
import random
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pitchpipe import Pipeline
from pitchpipe.stages import Engine
from pitchpipe.tables import text

WORKER = """
import pickle, sys
function, items = pickle.load(sys.stdin.buffer)
pickle.dump([(at, function(item)) for at, item in items], sys.stdout.buffer)
"""


@dataclass(frozen=True)
class Scattering(Engine):
    """Deals chunks in random order to separate processes, which share nothing but pickles."""

    seed: int = 0
    processes: int = 2

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        cards = list(enumerate(items))
        random.Random(self.seed).shuffle(cards)
        hands = [cards[at :: self.processes] for at in range(self.processes)]
        done: dict[int, Any] = {}
        for hand in hands:
            dealt = subprocess.run(
                [sys.executable, "-c", WORKER],
                input=pickle.dumps((function, hand)),
                capture_output=True,
                check=True,
            )
            done.update(pickle.loads(dealt.stdout))
        return (done[at] for at in sorted(done))


@dataclass(frozen=True)
class Shuffling(Engine):
    """Works in random order, and hands out what has been pickled."""

    seed: int = 0

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        cards = list(enumerate(items))
        random.Random(self.seed).shuffle(cards)
        copy = pickle.loads(pickle.dumps(function))
        done = {at: pickle.dumps(copy(pickle.loads(pickle.dumps(item)))) for at, item in cards}
        return (pickle.loads(done[at]) for at in sorted(done))


def outcome(engine: Engine, table: Path, folder: Path, profile: str) -> list[Any]:
    pipeline = Pipeline(
        Pipeline.from_config({"data": {"profile": profile, "chunk_rows": 7}}).config, engine=engine
    )
    made = pipeline.prepare(table, folder)
    files = sorted(path for path in folder.iterdir() if path.name[-14:] != "_prepared.json")
    return [
        [(path.name, path.read_bytes()) for path in files],
        [finding.to_json() for finding in made.findings],
        made.contract,
        made.applied,
        made.samples,
    ]


def films(folder: Path, rows: int) -> Path:
    words = ["a fine film", "A DULL FILM", "", "so so", "a fine film"]
    frame = pd.DataFrame(
        {
            "prompt": [f"{words[n % 5]} {n % 60}" for n in range(rows)],
            "completion": [("pos", "neg", "", "pos")[n % 4] for n in range(rows)],
        }
    )
    path = folder / "films.jsonl"
    frame.to_json(path, orient="records", lines=True)
    return path


@pytest.mark.parametrize("profile", ["article", "legacy"])
def test_separate_processes_come_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, local: Callable[[int], Engine], profile: str
) -> None:
    monkeypatch.setattr(text, "_BLOCK", 500)
    table = films(tmp_path, 300)
    alone = outcome(local(1), table, tmp_path / "alone", profile)
    assert alone[3], "some fixes were applied"
    assert outcome(local(3), table, tmp_path / "forked", profile) == alone
    assert outcome(Scattering(), table, tmp_path / "scattered", profile) == alone


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.integers(40, 80),
    block=st.integers(200, 3_000),
    seed=st.integers(0, 99),
    profile=st.sampled_from(["article", "legacy"]),
)
def test_neither_order_nor_chunks_matter(
    tmp_path_factory: pytest.TempPathFactory,
    local: Callable[[int], Engine],
    rows: int,
    block: int,
    seed: int,
    profile: str,
) -> None:
    folder = tmp_path_factory.mktemp("order")
    table = films(folder, rows)
    alone = outcome(local(1), table, folder / "alone", profile)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_BLOCK", block)
        assert outcome(Shuffling(seed), table, folder / "shuffled", profile) == alone
