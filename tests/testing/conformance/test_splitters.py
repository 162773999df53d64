from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from pitchpipe.errors import DataError
from pitchpipe.stages import Splitter, SplitterCapabilities
from pitchpipe.testing import Check, ConformanceError, checks_for, parametrize_with_checks

ROWWISE = SplitterCapabilities(keeps_groups=False, keeps_prompts=False)


@dataclass(frozen=True)
class EveryFifth(Splitter):
    """As little as a splitter can be."""

    capabilities = ROWWISE

    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        return pd.Series(np.arange(len(index)) % 5 == 4, index=index.index)


class LosesARow(EveryFifth):
    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        return super().split(index).iloc[:3]


class AnswersWithNumbers(EveryFifth):
    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        return super().split(index).astype(int)


class LeaksAGroup(EveryFifth):
    capabilities = SplitterCapabilities(keeps_prompts=False)


class LeaksAPrompt(EveryFifth):
    capabilities = SplitterCapabilities(keeps_groups=False)


class ChangesTheIndex(EveryFifth):
    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        index["valid"] = super().split(index)
        return index["valid"]


class HoldsAllOut(EveryFifth):
    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        return pd.Series(True, index=index.index, dtype=bool)


class FailsOnNothing(EveryFifth):
    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        assert index["label"].iloc[0] != ""
        return super().split(index)


class Draws(EveryFifth):
    drawn: ClassVar = itertools.cycle([0, 1])

    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        return pd.Series(np.arange(len(index)) % 2 == next(self.drawn), index=index.index)


class OrdersTwice(EveryFifth):
    def order(self, rows: int) -> npt.NDArray[np.integer[Any]]:
        return np.zeros(rows, dtype=np.int64)


class RefusesAll(EveryFifth):
    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        raise DataError("no.")


@parametrize_with_checks([EveryFifth()])
def test_a_correct_one_passes(stage: object, check: Check) -> None:
    check(stage)


@pytest.mark.parametrize(
    ("stage", "check"),
    [
        (LosesARow(), "every-row-answered"),
        (AnswersWithNumbers(), "every-row-answered"),
        (LeaksAGroup(), "groups-together"),
        (LeaksAPrompt(), "prompts-together"),
        (ChangesTheIndex(), "index-unchanged"),
        (HoldsAllOut(), "some-to-train"),
        (FailsOnNothing(), "no-rows"),
        (Draws(), "deterministic"),
        (OrdersTwice(), "order-is-permutation"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_faulty_one_is_caught(
    stage: Splitter, check: str, breaks: Callable[[object, str], str]
) -> None:
    breaks(stage, check)


def test_a_group_that_leaks_is_shown(shrunk: Callable[[object, str], str]) -> None:
    message = shrunk(LeaksAGroup(), "groups-together")
    assert "Expected one side for group 'a'; found" in message


def test_one_that_refuses_everything_is_told_apart() -> None:
    [check] = [c for c in checks_for(RefusesAll()) if c.name == "every-row-answered"]
    with pytest.raises(ConformanceError, match=r"refuses each.*Subject\(stage, rows=\.\.\.\)"):
        check(RefusesAll())
