"""Softmax over few answers: one weight a feature and answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from pitchpipe.service.learners.features import ALWAYS, Ints, Rows
from pitchpipe.service.learners.heads import Arrays, Bools, Floats, Head, Lesson, preference

_FEW = 16  # answers whose scores are summed faster without arrays
_LENGTH = 10.0  # of every prompt's vector, however many features share it


class Linear(Head):
    """Multinomial logistic regression by plain stochastic gradient descent.

    Args:
        features: the known features, ascending, ALWAYS among them.
        weights: shape (features, answers).
        reference: the weights at the start of a lesson of preferences, or None.
    """

    name = "linear"

    def __init__(
        self,
        features: Ints | None = None,
        weights: npt.NDArray[np.float32] | None = None,
        reference: npt.NDArray[np.float32] | None = None,
    ) -> None:
        self._features = np.array([ALWAYS]) if features is None else features
        self._weights = np.zeros((1, 0), np.float32) if weights is None else weights
        self._reference = reference

    def begin(self, lesson: Lesson, answers: int, fresh: bool) -> None:
        """As Head says."""
        prompts = Rows.of(lesson.prompts)
        features = np.union1d(self._features, prompts.columns)
        places = np.searchsorted(features, self._features)
        self._weights = _widen(self._weights, places, (len(features), answers))
        if lesson.others is None:
            self._reference = None
        elif fresh or self._reference is None:
            self._reference = self._weights.copy()
        else:
            self._reference = _widen(self._reference, places, (len(features), answers))
        self._features = features
        self.__dict__.pop("_places", None)
        self._prompts = Rows(np.searchsorted(features, prompts.columns), prompts.starts)
        self._targets, self._others = lesson.targets, lesson.others

    def supervise(self, batch: Ints, rate: float) -> tuple[Floats, Bools]:
        """As Head says."""
        rows = self._prompts.take(batch)
        targets = self._targets[batch]
        each = np.arange(len(batch))
        scores = _scores(self._weights, rows)
        scores -= scores.max(axis=1, keepdims=True)
        right = scores.argmax(axis=1) == targets
        shares = np.exp(scores)
        totals = shares.sum(axis=1, keepdims=True)
        losses = np.log(totals[:, 0]) - scores[each, targets]
        shares /= totals
        shares[each, targets] -= 1.0
        self._descend(rows, shares, rate)
        return losses, right

    def prefer(self, batch: Ints, rate: float, beta: float) -> tuple[Floats, Bools]:
        """As Head says."""
        if self._others is None or self._reference is None:
            raise ValueError("the lesson holds no preferences")
        rows = self._prompts.take(batch)
        targets, others = self._targets[batch], self._others[batch]
        each = np.arange(len(batch))
        scores = _scores(self._weights, rows)
        start = _scores(self._reference, rows)
        odds = scores[each, targets] - scores[each, others]
        losses, push = preference(odds - start[each, targets] + start[each, others], beta)
        slope = np.zeros_like(scores)
        slope[each, others] += push
        slope[each, targets] -= push
        self._descend(rows, slope, rate)
        return losses, odds > 0

    def descend(self, batch: Ints, slope: Floats, rate: float) -> None:
        """As Head says."""
        self._descend(self._prompts.take(batch), slope, rate)

    def _descend(self, rows: Rows, slope: Floats, rate: float) -> None:
        share = -rate / len(rows) * _scale(rows.lengths)
        change = (slope * share[:, np.newaxis]).astype(np.float32)
        width = self._weights.shape[1]
        cells = (rows.columns[:, np.newaxis] * width + np.arange(width)).ravel()
        np.add.at(self._weights.reshape(-1), cells, np.repeat(change, rows.lengths, 0).ravel())

    def scores(self, prompt: Sequence[int], reference: bool = False) -> Floats:
        """As Head says."""
        weights = self._reference if reference and self._reference is not None else self._weights
        places = [place for place in map(self._places.get, prompt) if place is not None]
        scale = _LENGTH / math.sqrt(len(prompt))
        if len(places) and weights.shape[1] <= _FEW:
            sums = map(math.fsum, zip(*weights[places].tolist(), strict=True))
            return np.array([scale * score for score in sums])
        scores: Floats = weights[places].sum(axis=0, dtype=np.float64) * scale
        return scores

    @cached_property
    def _places(self) -> dict[int, int]:
        return {feature: place for place, feature in enumerate(self._features.tolist())}

    def save(self) -> Arrays:
        """As Head says."""
        arrays: Arrays = {"features": self._features.astype(np.uint32), "weights": self._weights}
        if self._reference is not None:
            arrays["reference"] = self._reference
        return arrays

    @classmethod
    def load(cls, arrays: Arrays) -> Self:
        """As Head says."""
        reference = arrays.get("reference")
        return cls(
            arrays["features"].astype(np.int64),
            arrays["weights"].astype(np.float32),
            None if reference is None else reference.astype(np.float32),
        )


def _scale(lengths: Ints) -> Floats:
    return _LENGTH / np.sqrt(lengths)


def _scores(weights: npt.NDArray[np.float32], rows: Rows) -> Floats:
    """Shape (rows, answers); no row is empty."""
    sums = np.add.reduceat(weights[rows.columns], rows.starts[:-1])
    return sums * _scale(rows.lengths)[:, np.newaxis]


def _widen(
    table: npt.NDArray[np.float32], places: Ints, shape: tuple[int, int]
) -> npt.NDArray[np.float32]:
    wider = np.zeros(shape, np.float32)
    wider[places, : table.shape[1]] = table
    return wider
