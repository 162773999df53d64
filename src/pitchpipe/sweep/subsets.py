"""One split for all cells, and subsets of the training records, the smaller inside the larger."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pitchpipe.errors import DataError
from pitchpipe.files import atomic, remove_abandoned
from pitchpipe.records import PreparedData
from pitchpipe.stages import Splitter


def nested_order(labels: Sequence[Hashable], seed: int) -> Iterator[int]:
    """Positions in a random order of which every beginning is balanced as the whole is.

    Of the first n of N positions, a label that c of the N have gets n c / N, rounded down or up:
    each of its positions has a turn before which it would come too early and one by which it is
    due, and of those that may come the one that is due first does.

    Args:
        labels: the label of each position.
        seed: of the drawing of positions within a label.

    Yields:
        Every position, once.
    """
    rows = len(labels)
    drawn = list(range(rows))
    random.Random(seed).shuffle(drawn)
    queues: dict[Hashable, list[int]] = {}
    for position in drawn:
        queues.setdefault(labels[position], []).append(position)
    positions = [queues[label] for label in sorted(queues, key=str)]
    early = [(0, label, 0) for label in range(len(positions))]
    due: list[tuple[int, int, int]] = []
    for turn in range(rows):
        while early and early[0][0] <= turn:
            _, label, taken = heappop(early)
            heappush(due, (-(-(taken + 1) * rows // len(positions[label])), label, taken))
        _, label, taken = heappop(due)
        yield positions[label][taken]
        if taken + 1 < len(positions[label]):
            heappush(early, ((taken + 1) * rows // len(positions[label]), label, taken + 1))


class SharedSplit:
    """The split of the first records that it sees, for all that follow.

    Args:
        seed: of the order of the training records.
        most: how many of the first of them are asked for.
    """

    def __init__(self, seed: int, most: int) -> None:
        self._seed = seed
        self._most = most
        self._model = ""
        self._labels: list[Hashable] = []
        self._valid: pd.Series[bool] | None = None

    def split(self, index: pd.DataFrame, splitter: Splitter, model: str) -> pd.Series[bool]:
        """Which rows of a model's records are for validation.

        Args:
            index: as a splitter sees it.
            splitter: decides, where nothing is decided yet.
            model: whose records they are.

        Raises:
            DataError: these are not the rows that were split.
        """
        if self._valid is None:
            self._model = model
            self._labels = index["label"].tolist()
            self._valid = splitter.split(index)
        elif not index.index.equals(self._valid.index):
            apart = index.index.symmetric_difference(self._valid.index)
            raise DataError(
                f"model {model!r} is left with {len(index)} rows of the table and "
                f"{self._model!r} with {len(self._valid)}; the first that only one of them takes "
                f"is {index.index.name} {apart[0]}. A sweep compares models on the same rows: "
                "mend the table, as 'pitchpipe prepare' says, or sweep each model by itself."
            )
        return self._valid

    def order(self, rows: int) -> npt.NDArray[np.integer[Any]]:
        """All positions, first those of the training rows in their nested order."""
        valid = np.zeros(rows, bool) if self._valid is None else self._valid.to_numpy(dtype=bool)
        train = np.flatnonzero(~valid)
        labels = [self._labels[position] for position in train]
        nested = list(islice(nested_order(labels, self._seed), self._most))
        rest = np.ones(len(train), dtype=bool)
        rest[nested] = False
        return np.concatenate([train[nested], train[rest], np.flatnonzero(valid)])


@dataclass(frozen=True)
class SharingSplitter(Splitter):
    """A splitter as one of the models that share its split sees it.

    Attributes:
        shared: the split.
        splitter: makes it, where it is not made yet.
        model: whose records are split.
    """

    shared: SharedSplit
    splitter: Splitter
    model: str

    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        """Which rows are for validation.

        Raises:
            DataError: these are not the rows that were split.
        """
        return self.shared.split(index, self.splitter, self.model)

    def order(self, rows: int) -> npt.NDArray[np.integer[Any]]:
        """The training rows in an order of which every beginning is balanced, then the others."""
        return self.shared.order(rows)


def head(data: PreparedData, examples: int) -> PreparedData:
    """Prepared files with the first training records only, in a file beside the whole one.

    Raises:
        WriteError: it cannot be written.
    """
    path = data.train.with_name(f"{data.train.stem}-{examples}.jsonl")
    remove_abandoned(path)
    with data.train.open("rb") as lines, atomic(path, "wb") as stream:
        stream.writelines(islice(lines, examples))
    return replace(data, train=path, train_rows=examples)
