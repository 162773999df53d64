from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from pitchpipe.service.graders.similarity import METRICS
from pitchpipe.service.graders.similarity.edits import common, fuzzy_match
from pitchpipe.service.graders.similarity.meteor import stem
from pitchpipe.service.graders.similarity.words import tokens, words

WORDS = ["the", "a", "cat", "cats", "sat", "on", "mat", ".", ","]
TEXT = st.text() | st.lists(st.sampled_from(WORDS)).map(" ".join)
METRIC = pytest.mark.parametrize("metric", sorted(METRICS))


@given(TEXT, TEXT)
@example("", "")
@example("kitten" * 40, "sitting" * 40)
def test_fuzzy_match_is_the_ratio_of_rapidfuzz(text, reference):
    assert fuzzy_match(text, reference) == pytest.approx(fuzz.ratio(text, reference) / 100)


@given(st.lists(st.integers(0, 3), max_size=12), st.lists(st.integers(0, 3), max_size=12))
def test_the_longest_common_subsequence(a, b):
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            best = max(table[i][j + 1], table[i + 1][j])
            table[i + 1][j + 1] = table[i][j] + 1 if x == y else best
    assert common(a, b) == table[-1][-1]


@METRIC
@given(text=TEXT, reference=TEXT)
@example(text="", reference="")
@example(text="", reference="a")
@example(text="a", reference="")
def test_likeness_is_from_0_to_1(metric, text, reference):
    assert 0 <= METRICS[metric](text, reference) <= 1 + 1e-12


@METRIC
@given(text=TEXT)
def test_equal_texts(metric, text):
    value = METRICS[metric](text, text)
    count = len(words(text))
    if metric == "meteor":
        assert value == pytest.approx(1 - 0.5 / count**3 if count else 0)
    elif metric == "fuzzy_match":
        assert value == 1
    elif metric in ("bleu", "gleu"):
        assert value == pytest.approx(1 if tokens(text) else 0)
    else:
        least = 1 if metric == "rouge_l" else int(metric[-1])
        assert value == (1 if count >= least else 0)


@pytest.mark.parametrize("metric", sorted(set(METRICS) - {"bleu", "meteor"}))
@given(text=TEXT, reference=TEXT)
def test_symmetric_ones_are_the_same_both_ways(metric, text, reference):
    assert METRICS[metric](text, reference) == METRICS[metric](reference, text)


@METRIC
def test_nothing_in_common_is_worth_nothing(metric):
    assert METRICS[metric]("abc", "xyz") == 0


def test_bleu_is_its_formula():
    # c = 6, r = 7; shared: 5 of 6, 3 of 5, 1 of 4, 0 of 3
    value = METRICS["bleu"]("the cat sat on a mat", "the cat is on the big mat")
    precisions = [4 / 6, 2 / 6, 1 / 5, 1 / 4]
    assert value == pytest.approx(math.exp(1 - 7 / 6) * math.prod(precisions) ** 0.25)


def test_gleu_is_its_formula():
    # shared 3 words, 1 pair; 4 + 3 + 2 + 1 and 3 + 2 + 1 n-grams
    assert METRICS["gleu"]("a b x c", "a b c") == pytest.approx((3 + 1) / 10)


def test_rouge_is_its_formula():
    assert METRICS["rouge_1"]("The cat!", "the CAT sat") == pytest.approx(2 * 2 / 5)
    assert METRICS["rouge_2"]("a b c", "a b d") == pytest.approx(2 * 1 / 4)
    assert METRICS["rouge_l"]("a x b y c", "a b c") == pytest.approx(2 * 3 / 8)


def test_meteor_is_its_formula():
    # "cats" meets "cat" by its stem, so all are one chunk: 3 of 3 words, 3 of 4 words
    mean = 10 * 1 * 0.75 / (0.75 + 9 * 1)
    value = METRICS["meteor"]("The cats sat", "the cat sat down")
    assert value == pytest.approx(mean * (1 - 0.5 * (1 / 3) ** 3))
    # equal words, but each on its own
    assert METRICS["meteor"]("c b a", "a b c") == 0.5
    # 2 of 3 words, 2 of 4 words, one chunk
    precision, recall = 2 / 3, 2 / 4
    mean = 10 * precision * recall / (recall + 9 * precision)
    assert METRICS["meteor"]("a b x", "a b y z") == pytest.approx(mean * (1 - 0.5 * 0.5**3))


@given(st.text())
def test_a_stem_begins_the_word(word):
    assert word.startswith(stem(word))


def test_stems_bring_forms_together():
    assert stem("walking") == stem("walked") == stem("walks") == stem("walk") == "walk"
    assert stem("sing") == "sing"


@METRIC
def test_long_texts_are_compared_too(metric):
    words = [f"w{n % 700}" for n in range(4000)]
    text, reference = " ".join(words), " ".join(words[1000:] + words[:1000])
    assert 0.5 < METRICS[metric](text, reference) <= 1
