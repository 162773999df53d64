"""Free text: answers with that of the most similar prompt it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import numpy as np

from pitchpipe.service.learners.features import Ints, Rows
from pitchpipe.service.learners.heads import Arrays, Bools, Floats, Head, Lesson, preference

_GAIN = 20.0  # a memory is one number that moves alone, where a prompt has a weight a feature


class Nearest(Head):
    """Memories of prompt and answer, found again through an inverted index.

    A memory's score is its strength, which training raises from 0, times the cosine of the angle
    between its prompt and the one at hand, rare features weighing more; an answer's score is the
    best of its memories'. The strength of one that is only offered begins at even odds against all
    other answers, so that it is tried often enough for its reward to be seen.

    Args:
        prompts: the features of each memory's prompt.
        answers: the place of each memory's answer; every place has a memory.
        strengths: of each memory.
        reference: the strengths at the start of a lesson of preferences, or None.
    """

    name = "nearest"

    def __init__(
        self,
        prompts: Rows | None = None,
        answers: Ints | None = None,
        strengths: Floats | None = None,
        reference: Floats | None = None,
    ) -> None:
        self._prompts = Rows.of([]) if prompts is None else prompts
        self._answers = np.zeros(0, np.int64) if answers is None else answers
        self._strengths = np.zeros(0) if strengths is None else strengths
        self._reference = reference
        self._index = _Index(self._prompts, self._answers)

    def begin(self, lesson: Lesson, answers: int, fresh: bool) -> None:
        """As Head says; an equal prompt and answer are one memory."""
        del answers
        known = {
            (key, int(answer)): place
            for place, (key, answer) in enumerate(
                zip(_keys(self._prompts), self._answers, strict=True)
            )
        }
        new: list[int] = []
        new_answers: list[int] = []
        prompts = Rows.of(lesson.prompts)
        keys = _keys(prompts)

        def memories(of: Ints) -> Ints:
            places = np.empty(len(keys), np.int64)
            for row, (key, answer) in enumerate(zip(keys, of.tolist(), strict=True)):
                place = known.setdefault((key, answer), len(known))
                if place == len(self._answers) + len(new):
                    new.append(row)
                    new_answers.append(answer)
                places[row] = place
            return places

        self._targets = memories(lesson.targets)
        self._others = None if lesson.others is None else memories(lesson.others)
        if new:
            added = prompts.take(np.array(new))
            self._prompts = Rows(
                np.concatenate((self._prompts.columns, added.columns)),
                np.concatenate((self._prompts.starts, self._prompts.starts[-1] + added.starts[1:])),
            )
            self._answers = np.concatenate((self._answers, new_answers)).astype(np.int64)
            rivals = len(np.unique(self._answers)) - 1
            start = np.log(max(1, rivals)) if lesson.offered else 0.0
            self._strengths = np.concatenate((self._strengths, np.full(len(new), start)))
            self._index = _Index(self._prompts, self._answers)
        if self._others is None:
            self._reference = None
        elif fresh or self._reference is None or new:
            self._reference = self._strengths.copy()

    def supervise(self, batch: Ints, rate: float) -> tuple[Floats, Bools]:
        """As Head says; the memory at hand is weighed against all other answers at score 0."""
        own = self._targets[batch]
        strengths = self._strengths[own]
        rivals = np.log(max(1, len(self._index.starts) - 2))
        losses = np.logaddexp(0.0, rivals - strengths)
        np.add.at(self._strengths, own, rate * _GAIN * -np.expm1(-losses))
        return losses, strengths > 0

    def prefer(self, batch: Ints, rate: float, beta: float) -> tuple[Floats, Bools]:
        """As Head says."""
        if self._others is None or self._reference is None:
            raise ValueError("the lesson holds no preferences")
        own, other = self._targets[batch], self._others[batch]
        odds = self._strengths[own] - self._strengths[other]
        losses, push = preference(odds - self._reference[own] + self._reference[other], beta)
        np.add.at(self._strengths, own, rate * _GAIN * push)
        np.add.at(self._strengths, other, -rate * _GAIN * push)
        return losses, odds > 0

    def descend(self, batch: Ints, slope: Floats, rate: float) -> None:
        """As Head says; only the memories at hand move."""
        own = self._targets[batch]
        change = slope[np.arange(len(batch)), self._answers[own]]
        np.add.at(self._strengths, own, -rate * _GAIN * change)

    def scores(self, prompt: Sequence[int], reference: bool = False) -> Floats:
        """As Head says."""
        strengths = (
            self._reference if reference and self._reference is not None else self._strengths
        )
        return self._index.best(strengths, np.array(prompt))

    def save(self) -> Arrays:
        """As Head says."""
        arrays: Arrays = {
            "columns": self._prompts.columns.astype(np.uint32),
            "starts": self._prompts.starts,
            "answers": self._answers,
            "strengths": self._strengths,
        }
        if self._reference is not None:
            arrays["reference"] = self._reference
        return arrays

    @classmethod
    def load(cls, arrays: Arrays) -> Self:
        """As Head says."""
        reference = arrays.get("reference")
        return cls(
            Rows(arrays["columns"].astype(np.int64), arrays["starts"].astype(np.int64)),
            arrays["answers"].astype(np.int64),
            arrays["strengths"].astype(np.float64),
            None if reference is None else reference.astype(np.float64),
        )


class _Index:
    """From features to the memories that have them, and from memories to answers."""

    def __init__(self, prompts: Rows, answers: Ints) -> None:
        self._count = len(prompts)
        self._features, places = np.unique(prompts.columns, return_inverse=True)
        frequency = np.bincount(places, minlength=len(self._features))
        self._rarity = np.log(self._count / frequency)
        owners = prompts.owners
        squares = np.bincount(owners, self._rarity[places] ** 2, minlength=self._count)
        order = np.argsort(places, kind="stable")
        ends = np.concatenate(([0], np.cumsum(frequency)))
        self._postings = Rows(owners[order], ends)
        # both sides' rarity, over the length of the memory's vector
        lengths = np.sqrt(np.where(squares > 0, squares, 1.0))
        self._cosines = (self._rarity[places] ** 2 / lengths[owners])[order]
        self._by_answer = np.argsort(answers, kind="stable")
        self.starts = np.concatenate(([0], np.cumsum(np.bincount(answers))))

    def best(self, strengths: Floats, features: Ints) -> Floats:
        """The score of each answer."""
        places = np.minimum(np.searchsorted(self._features, features), len(self._features) - 1)
        places = places[self._features[places] == features]
        unknown = (len(features) - len(places)) * np.log(1 + self._count) ** 2
        length = np.sqrt((self._rarity[places] ** 2).sum() + unknown) or 1.0
        postings = self._postings.positions(places)
        similarity = np.bincount(
            self._postings.columns[postings], self._cosines[postings], minlength=self._count
        )
        scores = strengths * similarity / length
        return np.maximum.reduceat(scores[self._by_answer], self.starts[:-1])


def _keys(rows: Rows) -> list[bytes]:
    bounds = rows.starts.tolist()
    return [rows.columns[first:last].tobytes() for first, last in pairwise(bounds)]
