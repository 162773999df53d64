from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from pitchpipe.service.learners.ngram import NgramLearner
from pitchpipe.stages import FitOptions, FitStep, Token

Record = Mapping[str, Any]
_GOOD = ["good", "great", "lovely", "fine", "bright", "sweet"]
_BAD = ["bad", "awful", "ugly", "poor", "dim", "sour"]
_FILL = [f"filler{i}" for i in range(20)]


def _completions(rng: np.random.Generator, rows: int) -> list[dict[str, Any]]:
    records = []
    for _ in range(rows):
        good = bool(rng.integers(2))
        text = [*rng.choice(_FILL, 8), *rng.choice(_GOOD if good else _BAD, 2)]
        records.append(
            {
                "prompt": " ".join(rng.permutation(text).tolist()) + "\n\n###\n\n",
                "completion": " yes" if good else " no",
            }
        )
    return records


def _chat(record: Record) -> dict[str, Any]:
    said = {"role": "assistant", "content": record["completion"]}
    return {"messages": [{"role": "user", "content": record["prompt"]}, said]}


def _preference(record: Record) -> dict[str, Any]:
    right = record["completion"]
    wrong = " no" if right == " yes" else " yes"
    return {
        "input": {"messages": [{"role": "user", "content": record["prompt"]}]},
        "preferred_output": [{"role": "assistant", "content": right}],
        "non_preferred_output": [{"role": "assistant", "content": wrong}],
    }


@pytest.fixture(scope="session")
def made() -> Callable[..., list[dict[str, Any]]]:
    """Records whose answer follows from two of ten words: made(rows, seed, kind)."""
    shapes: dict[str, Callable[[Record], dict[str, Any]]] = {
        "completion": dict,
        "chat": _chat,
        "preference": _preference,
    }

    def made(rows: int, seed: int = 0, kind: str = "completion") -> list[dict[str, Any]]:
        records = _completions(np.random.default_rng(seed), rows)
        return [shapes[kind](record) for record in records]

    return made


@pytest.fixture(scope="session")
def riddles() -> Callable[..., list[dict[str, Any]]]:
    """Records that are each answered in their own words."""

    def riddles(rows: int, kind: str = "completion") -> list[dict[str, Any]]:
        records = [
            {
                "prompt": f"tell me what lives in house{i} on hill{i % 9}",
                "completion": f" a cat named {i}",
            }
            for i in range(rows)
        ]
        if kind == "preference":
            return [_preference(record) for record in records]
        return [dict(record) for record in records]

    return riddles


@pytest.fixture(scope="session")
def trained() -> Callable[..., tuple[NgramLearner, list[FitStep]]]:
    """A model and the steps that made it."""

    def trained(
        train: Sequence[Record], valid: Sequence[Record] = (), **options: Any
    ) -> tuple[NgramLearner, list[FitStep]]:
        learner = NgramLearner.create()
        chosen = FitOptions(**{"n_epochs": 4, "batch_size": 8, **options})
        return learner, list(learner.fit(train, valid, chosen))

    return trained


@pytest.fixture(scope="session")
def said() -> Callable[[Sequence[Token]], str]:
    return lambda tokens: "".join(token.text for token in tokens)
