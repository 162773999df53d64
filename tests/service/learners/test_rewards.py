from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.service.learners.ngram import NgramLearner
from pitchpipe.service.learners.proposals import UNTRAINED, proposal
from pitchpipe.stages import FitOptions, FitStep, Token

Record = Mapping[str, Any]
Said = Callable[..., str]


def asked(text: str, **fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]} | fields


def right(record: Record, answer: str) -> float:
    return float(answer == record.get("label"))


def classes(rows: int = 60) -> list[Record]:
    return [
        asked(f"{'warm' if n % 2 else 'cold'} day", label=("in", "out")[n % 2]) for n in range(rows)
    ]


def free(rows: int = 90) -> list[Record]:
    return [asked(f"who lives in house{n}", label=f"cat number {n}") for n in range(rows)]


def options(**values: Any) -> FitOptions:
    given = {"n_epochs": 4, "batch_size": 8, "seed": 3, "method": "reinforcement", "grade": right}
    return FitOptions(**given | values)


def fit(
    records: list[Record], valid: Sequence[Record] = (), **values: Any
) -> tuple[NgramLearner, list[FitStep]]:
    learner = NgramLearner.create()
    return learner, list(learner.fit(records, valid, options(**values)))


def again(learner: NgramLearner) -> NgramLearner:
    with TemporaryDirectory() as folder:
        learner.save(Path(folder))
        return NgramLearner.load(Path(folder))


KINDS = pytest.mark.parametrize("records", [classes(), free()], ids=["classes", "free"])


@KINDS
def test_reward_rises(records: list[Record], said: Said) -> None:
    learner, steps = fit(records, n_epochs=6)
    assert steps[-1].train_accuracy > 0.9 > 0.7 > steps[0].train_accuracy
    assert all(step.train_loss == 1 - step.train_accuracy for step in steps)
    assert all(said(learner.answer(record)) == record["label"] for record in records)


@KINDS
def test_training_on_from_a_checkpoint_changes_nothing(records: list[Record]) -> None:
    valid = records[:7]
    whole, expected = fit(records, valid)
    learner = NgramLearner.create()
    steps = []
    for epoch in range(4):
        for step in learner.fit(records, valid, options(), epoch):
            steps.append(step)
            if step.last_of_epoch:
                break
        learner = again(learner)
    assert steps == expected
    for record in records:
        assert learner.answer(record, 1.0, 5) == whole.answer(record, 1.0, 5)


@KINDS
def test_the_seed_decides(records: list[Record]) -> None:
    assert fit(records)[1] == fit(records)[1]
    assert fit(records)[1] != fit(records, seed=4)[1]


@KINDS
def test_rewards_that_are_all_the_same_teach_nothing(records: list[Record]) -> None:
    once, _ = fit(records, grade=lambda *_: 0.7, n_epochs=1)
    long, steps = fit(records, grade=lambda *_: 0.7, n_epochs=9)
    assert {round(step.train_accuracy, 9) for step in steps} == {0.7}
    for record in records:
        assert long.answer(record) == once.answer(record)


def test_held_out_records_are_measured_and_not_learnt() -> None:
    train, valid = classes(), classes(10)
    with_valid, steps = fit(train, valid, extra={"eval_interval": 3, "eval_samples": 5})
    without, _ = fit(train)
    measured = [step for step in steps if step.valid_loss is not None]
    assert [step.step for step in measured] == [
        step.step for step in steps if step.last_of_epoch or step.step % 3 == 0
    ]
    assert measured[-1].valid_accuracy == 1 - (measured[-1].valid_loss or 0)
    assert (measured[-1].valid_accuracy or 0) > 0.9
    assert with_valid.answer(valid[0], 1.0, 1) == without.answer(valid[0], 1.0, 1)


def test_more_answers_a_record_make_rewards_less_noisy() -> None:
    def noise(multiplier: float) -> float:
        first = [
            fit(classes(), seed=seed, n_epochs=1, extra={"compute_multiplier": multiplier})[1][0]
            for seed in range(30)
        ]
        return float(np.std([step.train_accuracy for step in first]))

    assert noise(8.0) < noise(0.01) / 2


def test_a_model_that_was_taught_learns_by_reward_too(said: Said) -> None:
    learner = NgramLearner.create()
    taught = [
        {"prompt": "warm day", "completion": "in"},
        {"prompt": "cold day", "completion": "out"},
    ]
    list(learner.fit(taught * 20, [], FitOptions(2, 8)))
    assert said(learner.answer(asked("warm day"))) == "in"
    steps = list(learner.fit(classes(), [], options(n_epochs=9)))
    assert steps[-1].train_accuracy > steps[0].train_accuracy
    assert said(learner.answer(asked("warm day"))) == "out"


def test_records_without_fields_are_answered_as_an_untrained_model_does(said: Said) -> None:
    learner, steps = fit([asked(f"x{n}") for n in range(20)], grade=lambda _, answer: len(answer))
    assert {step.train_accuracy for step in steps} == {len(UNTRAINED)}
    assert said(learner.answer(asked("x1"))) == UNTRAINED


@pytest.mark.parametrize(
    ("fields", "best"),
    [
        ({"a": "no", "b": {"c": ["yes"]}}, "yes"),
        ({"n": 5}, "5"),
        ({"n": True}, "true"),
        ({"o": {"x": 1}}, '{"x": 1}'),
        ({"a": "first", "b": "second"}, "first"),
        ({"a": ""}, '{"a": ""}'),
        ({"tools": ["yes"]}, UNTRAINED),
        ({}, UNTRAINED),
    ],
)
def test_a_record_offers_the_best_of_its_fields(fields: dict[str, Any], best: str) -> None:
    assert proposal(asked("x", **fields), lambda _, text: float(text == best)) == best


FIELD = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(st.characters(codec=None), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@settings(max_examples=60)
@given(
    st.lists(st.dictionaries(st.sampled_from(["messages", "label", "x"]), FIELD), max_size=12),
    st.lists(st.dictionaries(st.sampled_from(["messages", "label"]), FIELD), max_size=3),
)
def test_no_record_makes_it_crash(train: list[Record], valid: list[Record]) -> None:
    learner = NgramLearner.create()
    steps = list(learner.fit(train, valid, options(n_epochs=2)))
    assert [step.epoch for step in steps if step.last_of_epoch] == [1, 2]
    assert all(isinstance(token, Token) for token in again(learner).answer(asked("x")))


def test_options_compare_and_travel_without_looking_at_the_grade() -> None:
    assert options() == options(grade=None)
    assert "grade" not in repr(options())
    travelled = pickle.loads(pickle.dumps(options()))
    assert travelled.grade({"label": "a"}, "a") == 1
