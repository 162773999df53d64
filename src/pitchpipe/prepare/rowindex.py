"""What is remembered of each record while the records themselves stream through."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pitchpipe.digests import Hashes, digest

MOST_LABELS_LISTED = 10_000
"""Beyond so many different answers, they are no more kept as text."""


@dataclass
class IndexPart:
    """What is remembered of the records of one chunk.

    Attributes:
        places: where each record starts in the source.
        question: a hash of what is asked in each.
        answer: a hash of what should be answered.
        answers: the distinct answers by hash, or None where there are too many.
        groups: the group of each, where the table has groups.
    """

    places: pd.Index[Any]
    question: Hashes
    answer: Hashes
    answers: Mapping[int, str] | None
    groups: Sequence[Hashable] | None = None

    def chunk(self) -> pd.DataFrame:
        """What validators of scope ``index`` see."""
        return pd.DataFrame(
            {"question": self.question, "answer": self.answer}, index=self.places, copy=False
        )


def index_part(
    places: pd.Index[Any],
    questions: Sequence[Any],
    answers: Sequence[Any],
    groups: Sequence[Hashable] | None,
) -> IndexPart:
    """What to remember of some records.

    Args:
        places: where each starts in the source.
        questions: what is asked in each, in any JSON types.
        answers: what should be answered; only texts can be labels.
        groups: the group of each, or None where there are none.
    """
    hashes = digest([answers])
    texts = set(answers) if set(map(type, answers)) == {str} else _texts(answers)
    known: dict[int, str] | None = None
    if len(texts) <= MOST_LABELS_LISTED:
        listed = list(texts)
        known = dict(zip(digest([listed]).tolist(), listed, strict=True))
    return IndexPart(_lean(places), digest([questions]), hashes, known, groups)


@dataclass
class RowIndex:
    """What is remembered of all records: sixteen bytes each, and where they start.

    Attributes:
        parts: in the order of the records.
        answers: the distinct answers by hash, or None where there are too many to keep.
    """

    parts: list[IndexPart] = field(default_factory=list)
    answers: dict[int, str] | None = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(len(part.places) for part in self.parts)

    def add(self, part: IndexPart) -> None:
        """Appends the records of the next chunk."""
        if self.answers is not None:
            self.answers = None if part.answers is None else {**self.answers, **part.answers}
            if self.answers is not None and len(self.answers) > MOST_LABELS_LISTED:
                self.answers = None
        self.parts.append(IndexPart(part.places, part.question, part.answer, None, part.groups))

    def distinct_answers(self) -> int:
        """How many different answers there are."""
        if self.answers is not None:
            return len(self.answers)
        return len(np.unique(np.concatenate([part.answer for part in self.parts])))

    def frame(self, labels: Mapping[int, str] | None) -> pd.DataFrame:
        """What splitters see; the hashes of answers are given up.

        Args:
            labels: the label of each answer by its hash; empty when all answers are labels, but
                too many to name; None when answers are no labels.
        """
        index = pd.Index(
            np.concatenate([part.places.to_numpy(np.int64) for part in self.parts]),
            name=self.parts[0].places.name,
        )
        groups: list[Hashable] | None = None
        if any(part.groups is not None for part in self.parts):
            groups = [group for part in self.parts for group in part.groups or ()]
        label = self._labels(labels)
        for part in self.parts:
            part.answer = part.answer[:0]
        prompt = np.concatenate([part.question for part in self.parts])
        self.parts.clear()
        columns = {
            "label": label,
            "group": None if groups is None else pd.Series(groups, dtype=object).to_numpy(),
            "prompt": prompt,
        }
        return pd.DataFrame(columns, index=index, copy=False)

    def _labels(self, labels: Mapping[int, str] | None) -> pd.Categorical[Any] | None:
        if labels is None:
            return None
        if labels:
            hashes = np.array(sorted(labels), dtype=np.uint64)
            names = [labels[value] for value in hashes.tolist()]
        else:
            hashes = np.unique(np.concatenate([part.answer for part in self.parts]))
            names = [f"{value:016x}" for value in hashes.tolist()]
        kind = np.min_scalar_type(-len(names))
        codes: list[npt.NDArray[Any]] = []
        for part in self.parts:
            at = np.searchsorted(hashes, part.answer)
            at[at == len(hashes)] = 0
            codes.append(np.where(hashes[at] == part.answer, at, -1).astype(kind))
        categories, place = np.unique(np.array(names, dtype=object), return_inverse=True)
        renumbered = np.append(place, -1)[np.concatenate(codes)].astype(kind)
        return pd.Categorical.from_codes(renumbered, categories=pd.Index(categories, dtype=object))


def _texts(answers: Sequence[Any]) -> set[str]:
    return {answer for answer in answers if isinstance(answer, str)}


def _lean(places: pd.Index[Any]) -> pd.Index[Any]:
    """The same numbers in as little memory as they allow."""
    values = places.to_numpy(np.int64)
    if len(values) and values[-1] - values[0] == len(values) - 1:
        return pd.RangeIndex(int(values[0]), int(values[-1]) + 1, name=places.name)
    return places


def chunks_of(frame: pd.DataFrame, size: int) -> Iterator[pd.DataFrame]:
    """A frame in pieces."""
    for start in range(0, len(frame), size):
        yield frame.iloc[start : start + size]
