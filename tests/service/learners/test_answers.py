from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.service.learners.answers import Answers, chance, sample
from pitchpipe.service.learners.texts import Reply


def answers_of(texts: list[str]) -> Answers:
    return Answers([Reply(text) for text in texts])


def test_answers_that_begin_alike_share_their_first_token() -> None:
    answers = answers_of([" a b", " c", " a d", " a"])
    scores = np.log([0.1, 0.2, 0.3, 0.4])
    first, second = answers.spell(2, scores)
    assert (first.text, second.text) == (" a", " d")
    assert first.logprob == pytest.approx(math.log(0.8))
    assert [text for text, _ in first.alternatives] == [" a", " c"]
    assert dict(first.alternatives)[" c"] == pytest.approx(math.log(0.2))
    # half of what begins with " a" ends there; the end is no token
    assert [text for text, _ in second.alternatives] == [" d", " b"]
    shares = [math.exp(log) for _, log in second.alternatives]
    assert shares == pytest.approx([3 / 8, 1 / 8])


@given(
    st.lists(st.text(" ab\n", max_size=5), min_size=1, max_size=60, unique=True),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 1.0, 1000.0]),
)
def test_tokens_spell_the_answer_and_their_probabilities_multiply(
    texts: list[str], seed: int, spread: float
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=len(texts)) * spread
    choice = int(rng.integers(len(texts)))
    tokens = answers_of(texts).spell(choice, scores)
    assert "".join(token.text for token in tokens) == texts[choice]
    for token in tokens:
        assert -math.inf < token.logprob <= 0
        assert dict(token.alternatives)[token.text] == token.logprob
        assert len(token.alternatives) <= 20
        logs = [log for _, log in token.alternatives if log != token.logprob]
        assert logs == sorted(logs, reverse=True)
        assert sum(math.exp(log) for _, log in token.alternatives) <= 1 + 1e-9


def test_an_unlikely_token_is_still_among_its_alternatives() -> None:
    answers = answers_of([f" w{i}" for i in range(50)])
    scores = np.arange(50.0)
    (token,) = answers.spell(0, scores)
    assert [text for text, _ in token.alternatives] == [
        *(f" w{i}" for i in range(49, 30, -1)),
        " w0",
    ]


def test_sampling_follows_the_temperature() -> None:
    scores = np.array([2.0, 1.0, 0.0])
    rng = np.random.default_rng(0)

    def shares(temperature: float) -> list[float]:
        drawn = [sample(scores, temperature, rng.random()) for _ in range(2000)]
        return [drawn.count(place) / 2000 for place in range(3)]

    assert shares(1.0) == pytest.approx([0.665, 0.245, 0.09], abs=0.04)
    assert shares(1e9) == pytest.approx([1 / 3] * 3, abs=0.04)
    assert shares(1e-310) == [1.0, 0.0, 0.0]


@given(st.integers(-(2**70), 2**70), st.integers(0, 2**32))
def test_chance_is_a_share_that_depends_on_its_parts_alone(seed: int, salt: int) -> None:
    assert 0 <= chance(seed, salt) < 1
    assert chance(seed, salt) == chance(seed, salt)


def test_chance_is_even() -> None:
    drawn = [chance(0, number) for number in range(4000)]
    assert np.histogram(drawn, bins=4, range=(0, 1))[0] == pytest.approx([1000] * 4, abs=120)


@given(st.integers(65, 90), st.integers(0, 2**32 - 1))
def test_few_and_many_answers_are_treated_alike(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=count)
    texts = [f" w{place}" for place in range(count)]
    many = answers_of(texts).spell(0, scores)[0]
    weights = np.exp(scores)
    assert many.logprob == pytest.approx(math.log(weights[0] / weights.sum()))
    few = answers_of(texts[:60]).spell(0, scores[:60])[0]
    assert few.logprob == pytest.approx(math.log(weights[0] / weights[:60].sum()))
    lot = rng.random()
    padded = np.append(scores[:60], [-np.inf] * 10)  # nothing that chance could fall on
    assert sample(scores[:60], 1.0, lot) == sample(padded, 1.0, lot)


def test_what_a_token_is_part_of_goes_by_the_reply() -> None:
    call = '[{"name": "f", "arguments": {}}]'
    answers = Answers([Reply("I look.", call), Reply(call), Reply(refusal="no"), Reply()])
    parts = []
    for choice in range(4):
        said = {"text": "", "calls": "", "refusal": ""}
        for token in answers.spell(choice, np.zeros(4)):
            assert dict(token.alternatives)[token.text] == token.logprob
            said[token.part] += token.text
        parts.append(tuple(said.values()))
    assert parts == [("I look.", call, ""), (call, "", ""), ("", "", "no"), ("", "", "")]
    assert len(answers) == len(answers.with_more({Reply(call), Reply("", call)})) - 1
