"""What is remembered of each record while the records themselves stream through."""

from __future__ import annotations

import mmap
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from pitchpipe.digests import Hashes, digest

MOST_LABELS_LISTED = 10_000
"""Beyond so many different answers, they are no more kept as text."""

Index: TypeAlias = "pd.Index[Any]"

_PART = 1 << 18
_NONE: Hashes = np.empty(0, np.uint64)


@dataclass
class IndexPart:
    """What is remembered of some consecutive records.

    Attributes:
        places: where each record starts in the source.
        question: a hash of what is asked in each.
        answer: a hash of what should be answered.
        answers: the distinct answers by hash, or None where there are too many.
        groups: the group of each, where the table has groups.
        conversations: whether any answer is what is said in a conversation.
    """

    places: pd.Index[Any]
    question: Hashes
    answer: Hashes
    answers: Mapping[int, str] | None
    groups: Sequence[Hashable] | None = None
    conversations: bool = False

    def chunk(self) -> pd.DataFrame:
        """What validators of scope ``index`` see: views of the same arrays."""
        columns = {"question": self.question, "answer": self.answer}
        return pd.DataFrame(columns, index=self.places, copy=False)


def index_part(
    places: pd.Index[Any],
    questions: Sequence[Any],
    answers: Sequence[Any],
    groups: Sequence[Hashable] | None,
    conversations: bool = False,
) -> IndexPart:
    """What to remember of some records.

    Args:
        places: where each starts in the source.
        questions: what is asked in each, in any JSON types.
        answers: what should be answered; only texts can be labels.
        groups: the group of each, or None where there are none.
        conversations: whether any answer is what is said in a conversation.
    """
    hashes = digest([answers])
    texts = set(answers) if set(map(type, answers)) == {str} else _texts(answers)
    known: dict[int, str] | None = None
    if len(texts) <= MOST_LABELS_LISTED:
        listed = list(texts)
        known = dict(zip(digest([listed]).tolist(), listed, strict=True))
    asked = digest([questions])
    return IndexPart(_concatenated([places]), asked, hashes, known, groups, conversations)


@dataclass
class RowIndex:
    """What is remembered of all records: sixteen bytes each, and where they start.

    Attributes:
        parts: large ones, in the order of the records.
        answers: the distinct answers by hash, or None where there are too many to keep.
        conversations: whether any answer is what is said in a conversation.
    """

    parts: list[IndexPart] = field(default_factory=list)
    answers: dict[int, str] | None = field(default_factory=dict)
    conversations: bool = False
    _waiting: list[IndexPart] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(len(part.places) for part in (*self.parts, *self._waiting))

    def add(self, part: IndexPart) -> Iterator[IndexPart]:
        """Appends some records; gives the part that is now large enough, if there is one."""
        if self.answers is not None:
            self.answers = None if part.answers is None else {**self.answers, **part.answers}
            if self.answers is not None and len(self.answers) > MOST_LABELS_LISTED:
                self.answers = None
        self.conversations = self.conversations or part.conversations
        self._waiting.append(part)
        if sum(len(waiting.places) for waiting in self._waiting) >= _PART:
            yield from self.finish()

    def finish(self) -> Iterator[IndexPart]:
        """Gives the last part, if there is one."""
        if self._waiting:
            self.parts.append(_joined(self._waiting))
            self._waiting.clear()
            yield self.parts[-1]

    def distinct_answers(self) -> int:
        """How many different answers there are."""
        if self.answers is not None:
            return len(self.answers)
        return len(np.unique(np.concatenate([part.answer for part in self.parts])))

    def frame(self, labels: Mapping[int, str] | None) -> pd.DataFrame:
        """What splitters see. The index is given up for it, so that both need room but once.

        Args:
            labels: the label of each answer by its hash; empty when all answers are labels, but
                too many to name; None when answers are no labels.
        """
        index = _concatenated([part.places for part in self.parts])
        groups: list[Hashable] | None = None
        if any(part.groups is not None for part in self.parts):
            groups = [group for part in self.parts for group in part.groups or ()]
        label = self._labels(labels)
        prompt = np.empty(len(index), np.uint64)
        done = 0
        while self.parts:
            question = self.parts.pop(0).question
            prompt[done : done + len(question)] = question
            done += len(question)
        columns = {
            "label": label,
            "group": None if groups is None else pd.Series(groups, dtype=object).to_numpy(),
            "prompt": prompt,
        }
        return pd.DataFrame(columns, index=index, copy=False)

    def _labels(self, labels: Mapping[int, str] | None) -> pd.Categorical[Any] | None:
        """The label of each record; the answers are given up for it."""
        if labels is None:
            return None
        hashes = np.array(sorted(labels), dtype=np.uint64)
        if not labels:
            hashes = np.unique(np.concatenate([part.answer for part in self.parts]))
        names = [labels.get(value, f"{value:016x}") for value in hashes.tolist()]
        categories, place = np.unique(np.array(names, dtype=object), return_inverse=True)
        kind = np.min_scalar_type(-len(categories) - 1)
        renumbered = np.append(place, -1).astype(kind)
        codes: list[npt.NDArray[Any]] = []
        for part in self.parts:
            at = np.searchsorted(hashes, part.answer) % len(hashes)
            codes.append(renumbered[np.where(hashes[at] == part.answer, at, -1)])
            part.answer = _NONE
        listed = pd.Index(categories, dtype=object)
        return pd.Categorical.from_codes(np.concatenate(codes), categories=listed)


def _joined(parts: Sequence[IndexPart]) -> IndexPart:
    groups: list[Hashable] | None = None
    if any(part.groups is not None for part in parts):
        groups = [group for part in parts for group in part.groups or ()]
    return IndexPart(
        _concatenated([part.places for part in parts]),
        _kept([part.question for part in parts]),
        _kept([part.answer for part in parts]),
        None,
        groups,
    )


def _kept(parts: Sequence[Hashes]) -> Hashes:
    """Some hashes in memory of their own, which the system gets back as soon as they go."""
    rows = sum(map(len, parts))
    array = np.frombuffer(mmap.mmap(-1, 8 * rows), dtype=np.uint64)
    return np.concatenate(parts, out=array)


def _concatenated(parts: Sequence[pd.Index[Any]]) -> pd.Index[Any]:
    """Places in one; without gaps, in no memory."""
    rows, first, last = sum(map(len, parts)), int(parts[0][0]), int(parts[-1][-1])
    if last - first == rows - 1:
        return pd.RangeIndex(first, last + 1, name=parts[0].name)
    values: Index = pd.Index(
        np.concatenate([part.to_numpy(np.int64) for part in parts]), name=parts[0].name
    )
    return values


def _texts(answers: Sequence[Any]) -> set[str]:
    return {answer for answer in answers if isinstance(answer, str)}
