from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
import pytest
from hypothesis import strategies as st

from pitchpipe.records import Finding, Fix, Severity
from pitchpipe.stages import Scope, Validator
from pitchpipe.testing import Check, Subject, parametrize_with_checks

ROWS = st.fixed_dictionaries(
    {"prompt": st.sampled_from(["a", "a!", "a!!", "b"]), "completion": st.just("yes")}
)
Lines = tuple[int, ...]


@dataclass(frozen=True)
class TakeOne:
    """Takes one mark from the end."""

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        return chunk.assign(prompt=[text.removesuffix("!") for text in chunk["prompt"]])


@dataclass(frozen=True)
class TakeAll:
    """Takes all marks from the end."""

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        return chunk.assign(prompt=[text.rstrip("!") for text in chunk["prompt"]])


@dataclass(frozen=True)
class Drop:
    """Drops rows that end in a mark."""

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        return chunk[~chunk["prompt"].str.endswith("!")]


@dataclass(frozen=True)
class NoMarks(Validator[Lines]):
    """As little as a validator with a fix can be."""

    scope: ClassVar[Scope] = "source"
    fixes: ClassVar[bool] = True
    fix: ClassVar[Callable[[pd.DataFrame], pd.DataFrame]] = TakeAll()

    def start(self) -> Lines:
        return ()

    def observe(self, state: Lines, chunk: pd.DataFrame) -> Lines:
        ends = [str(text).endswith("!") for text in chunk.get("prompt", [])]
        return (*state, *itertools.compress(chunk.index, ends))

    def merge(self, a: Lines, b: Lines) -> Lines:
        return (*a, *b)

    def conclude(self, state: Lines) -> Sequence[Finding]:
        return [self.finding(tuple(sorted(state)))] if state else []

    def finding(self, lines: Lines) -> Finding:
        fix = Fix("take the marks away", self.fix)
        return Finding(
            "no-marks", Severity.WARNING, "marked", len(lines), lines[:5], "row", fix=fix
        )


class DependsOnChunking(NoMarks):
    def observe(self, state: Lines, chunk: pd.DataFrame) -> Lines:
        return (*state, *super().observe((), chunk)[:1])


class ForgetsInMerging(NoMarks):
    def merge(self, a: Lines, b: Lines) -> Lines:
        return a or b


class MergesInOrder(NoMarks):
    def conclude(self, state: Lines) -> Sequence[Finding]:
        return [self.finding(state)] if state else []


class ChangesTheChunk(NoMarks):
    def observe(self, state: Lines, chunk: pd.DataFrame) -> Lines:
        chunk["marked"] = True
        return super().observe(state, chunk)


class StartsWithSomething(NoMarks):
    def start(self) -> Lines:
        return (1,)


class StateIsAFunction(NoMarks):
    def observe(self, state: Any, chunk: pd.DataFrame) -> Any:
        lines = super().observe(() if state == () else state(), chunk)
        return lambda: lines

    def conclude(self, state: Any) -> Sequence[Finding]:
        return super().conclude(() if state == () else state())


class NamesOtherRules(NoMarks):
    def conclude(self, state: Lines) -> Sequence[Finding]:
        other = Finding("other-rule", Severity.WARNING, "also")
        return [*super().conclude(state), other] if state else []


class GraverThanItSays(NoMarks):
    severity: ClassVar[Severity] = Severity.NOTE


class FixesUnannounced(NoMarks):
    fixes: ClassVar[bool] = False


class NamesOtherRows(NoMarks):
    def finding(self, lines: Lines) -> Finding:
        return super().finding(tuple(line + 100 for line in lines))


class FixIsNotFinal(NoMarks):
    fix = TakeOne()


class FixNumbersAnew(NoMarks):
    fix = staticmethod(lambda chunk: TakeAll()(chunk).reset_index(drop=True))


@dataclass(frozen=True)
class ChangeInPlace:
    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        chunk["prompt"] = [text.rstrip("!") for text in chunk["prompt"]]
        return chunk


class FixChangesTheChunk(NoMarks):
    fix = ChangeInPlace()


class FixIsALambda(NoMarks):
    fix = staticmethod(lambda chunk: TakeAll()(chunk))


@dataclass(frozen=True)
class DropRepeated:
    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        return TakeAll()(chunk).drop_duplicates("prompt")


class FixDependsOnChunking(NoMarks):
    fix = DropRepeated()


class Drops(NoMarks):
    fix = Drop()

    def sieve(self, chunk: pd.DataFrame) -> pd.DataFrame:
        return Drop()(chunk)


class SievesOthers(Drops):
    def sieve(self, chunk: pd.DataFrame) -> pd.DataFrame:
        return chunk[chunk["prompt"] != "b"]


class Counts(NoMarks):
    seen: ClassVar = itertools.count()

    def conclude(self, state: Lines) -> Sequence[Finding]:
        return [Finding("no-marks", Severity.NOTE, f"time {next(self.seen)}")] if state else []


@parametrize_with_checks([Subject(NoMarks(), rows=ROWS), Subject(Drops(), rows=ROWS)])
def test_a_correct_one_passes(stage: object, check: Check) -> None:
    check(stage)


@pytest.mark.parametrize(
    ("stage", "check"),
    [
        (DependsOnChunking(), "chunking"),
        (ForgetsInMerging(), "merging"),
        (ForgetsInMerging(), "merge-associative"),
        (MergesInOrder(), "merge-order"),
        (ChangesTheChunk(), "input-unchanged"),
        (StartsWithSomething(), "nothing-seen"),
        (StartsWithSomething(), "merge-with-nothing"),
        (StateIsAFunction(), "states-pickle"),
        (NamesOtherRules(), "one-rule"),
        (GraverThanItSays(), "one-rule"),
        (FixesUnannounced(), "one-rule"),
        (NamesOtherRows(), "places-in-order"),
        (Counts(), "deterministic"),
        (FixIsNotFinal(), "fix-final"),
        (FixIsNotFinal(), "fix-repeatable"),
        (FixNumbersAnew(), "fix-keeps-index"),
        (FixChangesTheChunk(), "fix-leaves-input"),
        (FixIsALambda(), "fix-pickles"),
        (FixDependsOnChunking(), "fix-chunking"),
        (SievesOthers(), "sieve-agrees"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_faulty_one_is_caught(
    stage: Validator[Any], check: str, breaks: Callable[[object, str], str]
) -> None:
    breaks(Subject(stage, rows=ROWS), check)


def test_where_the_rows_are_cut_is_shown(shrunk: Callable[[object, str], str]) -> None:
    message = shrunk(Subject(DependsOnChunking(), rows=ROWS), "chunking")
    assert "cuts: (" in message
    assert "'a!'" in message
