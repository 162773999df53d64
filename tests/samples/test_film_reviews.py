from __future__ import annotations

import csv
import re
from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest

from pitchpipe.samples import film_reviews
from pitchpipe.service.learners.ngram import NgramLearner
from pitchpipe.stages import FitOptions

MOST = 0.12  # share of a class's reviews that a word may be found in if the other lacks it
SPLITS = 20


@pytest.fixture(scope="module")
def reviews() -> list[tuple[str, str]]:
    with film_reviews().open(encoding="utf-8", newline="") as stream:
        rows = csv.reader(stream)
        assert next(rows) == ["text", "tag"]
        return [(text, tag) for text, tag in rows]


def words(text: str) -> set[str]:
    return set(re.findall(r"[\w'-]+", text))


def test_classes_are_balanced_and_mixed(reviews: list[tuple[str, str]]) -> None:
    assert Counter(tag for _, tag in reviews) == {"pos": 320, "neg": 320}
    changes = sum(a != b for (_, a), (_, b) in pairwise(reviews))
    assert 270 < changes < 370


def test_each_review_is_a_clean_line_of_5_to_40_words(reviews: list[tuple[str, str]]) -> None:
    for text, _ in reviews:
        assert 5 <= len(text.split()) <= 40, text
        assert text == text.lower() == " ".join(text.split()), text
        assert text.isascii()


def test_reviews_differ(reviews: list[tuple[str, str]]) -> None:
    for (a, first), (b, second) in combinations([(words(t), t) for t, _ in reviews], 2):
        assert len(a & b) / len(a | b) < 0.6, (first, second)


def test_no_word_gives_a_class_away(reviews: list[tuple[str, str]]) -> None:
    seen = {
        tag: Counter(word for text, own in reviews if own == tag for word in words(text))
        for tag in ("pos", "neg")
    }
    for here, there in (("pos", "neg"), ("neg", "pos")):
        for word, count in seen[here].items():
            telling = seen[there][word] * 3 < count
            assert not telling or count <= MOST * 320, (word, here)


def test_learner_beats_65_percent_on_every_split(reviews: list[tuple[str, str]]) -> None:
    records = [{"prompt": text, "completion": f" {tag}"} for text, tag in reviews]
    accuracies = []
    for seed in range(SPLITS):
        order = np.random.default_rng(seed).permutation(len(records))
        train, valid = order[:512], order[512:]
        *_, last = NgramLearner.create().fit(
            [records[i] for i in train], [records[i] for i in valid], FitOptions(4, 8)
        )
        accuracies.append(last.valid_accuracy or 0.0)
    assert min(accuracies) > 0.65
    assert np.mean(accuracies) > 0.75
