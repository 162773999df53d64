from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from pitchpipe.plugins import PluginHost
from pitchpipe.service.learners.ngram import UNTRAINED, NgramLearner
from pitchpipe.stages import FitOptions, FitStep, Token

Made = Callable[..., list[dict[str, Any]]]
Trained = Callable[..., tuple[NgramLearner, list[FitStep]]]
Said = Callable[..., str]


def test_it_is_registered() -> None:
    entry = PluginHost(entry_points=False).learners.get("ngram")
    assert entry.stage is NgramLearner


@pytest.mark.parametrize("kind", ["completion", "chat", "preference"])
def test_it_learns_each_kind_of_record(made: Made, trained: Trained, kind: str) -> None:
    train, valid = made(300, 1, kind), made(200, 2, kind)
    _, steps = trained(train, valid, method="dpo" if kind == "preference" else "supervised")
    ends = [step for step in steps if step.last_of_epoch]
    assert ends[-1].valid_accuracy is not None
    assert ends[-1].valid_accuracy > 0.9
    assert ends[-1].train_accuracy > 0.9
    assert steps[0].train_loss == pytest.approx(math.log(2))
    losses = [end.valid_loss or 0.0 for end in ends]
    assert losses[-1] < losses[0] < math.log(2)


def test_preferences_turn_a_trained_model_around(made: Made, trained: Trained, said: Said) -> None:
    learner, _ = trained(made(300, 1))
    swapped = []
    for r in made(300, 1, "preference"):
        right, wrong = r["preferred_output"], r["non_preferred_output"]
        swapped.append({**r, "preferred_output": wrong, "non_preferred_output": right})
    options = FitOptions(20, 8, method="dpo", beta=0.1, learning_rate_multiplier=2)
    first, *_ = learner.fit(swapped, [], options)
    assert first.train_loss == pytest.approx(math.log(2))
    right = [
        said(learner.answer(r["input"])) == r["preferred_output"][0]["content"] for r in swapped
    ]
    assert sum(right) / len(right) > 0.9


def test_steps_count_records_and_epochs(made: Made, trained: Trained) -> None:
    _, steps = trained(made(20), made(5, 3), n_epochs=2, batch_size=8)
    assert [step.step for step in steps] == [1, 2, 3, 4, 5, 6]
    assert [step.epoch for step in steps] == [1, 1, 1, 2, 2, 2]
    assert [step.last_of_epoch for step in steps] == [False, False, True] * 2
    assert [step.valid_loss is None for step in steps] == [True, True, False] * 2


def test_the_separator_changes_no_answer(made: Made, trained: Trained, said: Said) -> None:
    plain = [{**r, "prompt": r["prompt"].removesuffix("\n\n###\n\n")} for r in made(100)]
    wrapped = [{**r, "prompt": f"Judge: {r['prompt']}\n\n###\n\n"} for r in plain]
    one, _ = trained(plain)
    other, _ = trained(wrapped)
    for a, b in zip(plain, wrapped, strict=True):
        assert one.answer(a) == other.answer(b) == other.answer(a)


def test_first_token_carries_the_probability_of_each_class(made: Made, trained: Trained) -> None:
    learner, _ = trained(made(200))
    (token,) = learner.answer(made(1, 9)[0])
    assert {text for text, _ in token.alternatives} == {" yes", " no"}
    assert sum(math.exp(log) for _, log in token.alternatives) == pytest.approx(1)
    assert token.alternatives[0] == (token.text, token.logprob)


def test_rare_right_words_overfit_with_many_epochs(made: Made, trained: Trained) -> None:
    noisy = [{**r, "completion": (" yes", " no")[i % 7 % 2]} for i, r in enumerate(made(120, 4))]
    _, steps = trained(noisy[:60], noisy[60:], n_epochs=30)
    ends = [step for step in steps if step.last_of_epoch]
    assert ends[-1].train_loss < 0.1 < ends[0].train_loss
    assert (ends[-1].valid_loss or 0) > (ends[0].valid_loss or 0)


def test_free_text_is_answered_from_memory(riddles: Made, trained: Trained, said: Said) -> None:
    records = riddles(200)
    learner, steps = trained(records[:150], records[140:])
    assert [said(learner.answer(r)) for r in records[:150]] == [
        r["completion"] for r in records[:150]
    ]
    assert said(learner.answer({"prompt": "who lives in house77 ?"})) == " a cat named 77"
    ends = [step for step in steps if step.last_of_epoch]
    losses = [end.train_loss for end in ends]
    assert losses == sorted(losses, reverse=True)
    assert steps[0].train_loss == pytest.approx(math.log(150))
    assert ends[-1].valid_accuracy == pytest.approx(10 / 60)


def test_free_text_preferences(riddles: Made, trained: Trained, said: Said) -> None:
    records = riddles(120, "preference")
    for i, record in enumerate(records):
        record["non_preferred_output"] = [{"role": "assistant", "content": f"no idea {i}"}]
    learner, steps = trained(records, records[:20], method="dpo")
    assert steps[0].train_loss == pytest.approx(math.log(2))
    assert steps[-1].train_loss < 0.6
    assert steps[-1].valid_accuracy == 1.0
    for record in records:
        assert said(learner.answer(record["input"])) == record["preferred_output"][0]["content"]


def test_further_training_keeps_the_kind_and_adds_answers(
    made: Made, riddles: Made, trained: Trained, said: Said
) -> None:
    learner, _ = trained(made(200))
    more = [{"prompt": f"zebra number{i}", "completion": " stripes"} for i in range(40)]
    list(learner.fit([*more, *made(40, 6)], [], FitOptions(4, 8)))
    assert said(learner.answer({"prompt": "zebra"})) == " stripes"
    old = made(100, 5)
    right = [said(learner.answer(r)) == r["completion"] for r in old]
    assert sum(right) / len(right) > 0.8

    learner, _ = trained(riddles(100))
    list(learner.fit(more, [], FitOptions(4, 8)))
    assert said(learner.answer({"prompt": "zebra number3"})) == " stripes"
    assert said(learner.answer(riddles(100)[42])) == " a cat named 42"


def test_many_rows_a_class_are_no_free_text(trained: Trained, said: Said) -> None:
    records = [
        {"prompt": f"key{i % 80} and noise{i}", "completion": f" {i % 80}"} for i in range(400)
    ]
    learner, _ = trained(records, n_epochs=8)
    assert said(learner.answer({"prompt": "key33 in another place"})) == " 33"


def test_it_says_that_it_is_untrained(said: Said) -> None:
    tokens = NgramLearner.create().answer({"prompt": "anything"}, temperature=1.0)
    assert said(tokens) == UNTRAINED
    assert all(token == Token(token.text, 0.0, ((token.text, 0.0),)) for token in tokens)
