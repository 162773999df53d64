from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pitchpipe.errors import DataError
from pitchpipe.service.learners.ngram import NgramLearner
from pitchpipe.stages import FitOptions, FitStep

Made = Callable[..., list[dict[str, Any]]]
Trained = Callable[..., tuple[NgramLearner, list[FitStep]]]

TEXT = st.text(st.characters(codec=None), max_size=30)
CONTENT = st.none() | TEXT | st.integers() | st.lists(st.fixed_dictionaries({"text": TEXT}))
MESSAGE = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["system", "user", "assistant", "tool"]),
        "content": CONTENT,
        "weight": st.sampled_from([0, 1]),
        "tool_calls": st.just([{"function": {"name": "f", "arguments": "{}"}}]),
    },
)
MESSAGES = st.none() | st.lists(MESSAGE, max_size=3)
COMPLETION = st.fixed_dictionaries({}, optional={"prompt": CONTENT, "completion": CONTENT})
CHAT = st.fixed_dictionaries({}, optional={"messages": MESSAGES})
PREFERENCE = st.fixed_dictionaries(
    {},
    optional={
        "input": st.fixed_dictionaries({}, optional={"messages": MESSAGES}),
        "preferred_output": MESSAGES,
        "non_preferred_output": MESSAGES,
    },
)
RECORDS = st.one_of(*(st.lists(kind, max_size=14) for kind in (COMPLETION, CHAT, PREFERENCE)))
KINDS = pytest.mark.parametrize("kind", ["completion", "chat", "preference", "free", "free pairs"])


@pytest.fixture
def records(kind: str, made: Made, riddles: Made) -> list[dict[str, Any]]:
    if kind.startswith("free"):
        return riddles(90, "preference" if "pairs" in kind else "completion")
    return made(90, 3, kind)


def saved(learner: NgramLearner) -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        learner.save(Path(folder))
        content: dict[str, bytes] = {}
        for path in Path(folder).iterdir():
            if path.suffix == ".npz":
                with np.load(path, allow_pickle=False) as arrays:
                    content |= {name: array.tobytes() for name, array in arrays.items()}
            else:
                content[path.name] = path.read_bytes()
        return content


def again(learner: NgramLearner) -> NgramLearner:
    with TemporaryDirectory() as folder:
        learner.save(Path(folder))
        return NgramLearner.load(Path(folder))


def asked(record: Mapping[str, Any]) -> Mapping[str, Any]:
    request: Mapping[str, Any] = record.get("input") or record
    return request


@KINDS
def test_same_seed_same_model(records: list[dict[str, Any]], trained: Trained, kind: str) -> None:
    one, steps = trained(records, seed=5)
    two, same = trained(records, seed=5)
    assert steps == same
    assert saved(one) == saved(two)
    if not kind.startswith("free"):  # each memory is learned alone, whatever the order
        other, different = trained(records, seed=6)
        assert steps != different
        assert saved(one) != saved(other)


@KINDS
def test_loaded_model_answers_as_the_saved_one(
    records: list[dict[str, Any]], trained: Trained
) -> None:
    learner, _ = trained(records)
    loaded = again(learner)
    assert saved(loaded) == saved(learner)
    for record in records:
        for temperature in (0.0, 0.7):
            args = (asked(record), temperature, 3)
            assert loaded.answer(*args) == learner.answer(*args)


@KINDS
@pytest.mark.parametrize("tuned", [False, True])
def test_training_on_from_a_checkpoint_is_training_without_a_break(
    records: list[dict[str, Any]], trained: Trained, made: Made, kind: str, tuned: bool
) -> None:
    options = FitOptions(4, 7, seed=11, method="dpo")
    straight, broken = NgramLearner.create(), NgramLearner.create()
    if tuned:
        before = records[:30] if kind.startswith("free") else made(40, 8)
        for learner in (straight, broken):
            list(learner.fit(before, [], FitOptions(2, 8)))
    valid = records[:9]
    steps = list(straight.fit(records, valid, options))
    seen = []
    for epoch in range(4):
        broken = again(broken)
        for step in broken.fit(records, valid, options, done_epochs=epoch):
            seen.append(step)
            if step.last_of_epoch:
                break
    assert seen == steps
    assert saved(broken) == saved(straight)


@KINDS
def test_validation_records_are_never_looked_up(
    records: list[dict[str, Any]], trained: Trained
) -> None:
    train, held = records[:45], records[45:]
    alone, steps = trained(train)
    with_valid, measured = trained(train, held)
    assert saved(alone) == saved(with_valid)
    assert [s.train_loss for s in steps] == [s.train_loss for s in measured]
    for record in held:
        assert alone.answer(asked(record)) == with_valid.answer(asked(record))


@settings(deadline=None, max_examples=60)
@given(RECORDS, RECORDS, st.one_of(COMPLETION, CHAT), st.sampled_from([0.0, 1e-9, 1.0, 1e308]))
@example([{"prompt": "\ud800", "completion": " \udc00"}] * 10, [], {"prompt": None}, 1.0)
def test_nothing_makes_it_crash(
    train: list[dict[str, Any]],
    valid: list[dict[str, Any]],
    request: dict[str, Any],
    temperature: float,
) -> None:
    learner = NgramLearner.create()
    for _ in range(2):
        for step in learner.fit(train, valid, FitOptions(2, 3, seed=-1, method="dpo")):
            assert math.isfinite(step.train_loss)
            assert math.isfinite(step.valid_loss or 0.0)
        said = learner.answer(request, temperature, -7)
        assert said == again(learner).answer(request, temperature, -7)


@pytest.mark.parametrize("multiplier", [1e-300, 1e300])
@KINDS
def test_extreme_rates_stay_finite(
    records: list[dict[str, Any]], trained: Trained, multiplier: float
) -> None:
    learner, steps = trained(records, records[:5], learning_rate_multiplier=multiplier)
    assert all(math.isfinite(s.train_loss) and math.isfinite(s.valid_loss or 0) for s in steps)
    assert all(math.isfinite(t.logprob) for r in records for t in learner.answer(asked(r)))


def test_a_huge_prompt_is_answered(made: Made, trained: Trained) -> None:
    learner, _ = trained([*made(20), {"prompt": "word " * 200_000, "completion": " yes"}])
    assert learner.answer({"prompt": "x" * 1_000_000})
    assert learner.answer({"prompt": "good bad " * 120_000})


def test_chance_depends_on_the_seed_alone(made: Made, trained: Trained) -> None:
    learner, _ = trained(made(40), n_epochs=1, learning_rate_multiplier=0.01)
    request = {"prompt": "hm"}
    drawn = [learner.answer(request, 1.0, seed)[0].text for seed in range(40)]
    assert drawn == [learner.answer(request, 1.0, seed)[0].text for seed in range(40)]
    assert set(drawn) == {" yes", " no"}
    assert len({learner.answer(request, 0.0, seed)[0].text for seed in range(40)}) == 1


def test_a_damaged_model_is_named(made: Made, trained: Trained, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"model\.json: not a saved model"):
        NgramLearner.load(tmp_path)
    learner, _ = trained(made(20))
    learner.save(tmp_path)
    weights = tmp_path / "weights.npz"
    whole = weights.read_bytes()
    for damage in (b"", whole[: len(whole) // 2], b"\x80" * 100):
        weights.write_bytes(damage)
        with pytest.raises(DataError, match=r"weights\.npz: not a saved model"):
            NgramLearner.load(tmp_path)
