from __future__ import annotations

import itertools
import json
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest

from pitchpipe.calls import Call, calls_text
from pitchpipe.stages import FitOptions, FitStep, Learner, LearnerCapabilities, Token
from pitchpipe.testing import Check, parametrize_with_checks

Records = Sequence[Mapping[str, Any]]


class Counter(Learner):
    """As little as a learner can be: it answers with the number of steps that it has had."""

    capabilities = LearnerCapabilities(formats=("completion",), methods=("supervised",))

    def __init__(self, steps: int = 0) -> None:
        self.steps = steps

    @classmethod
    def create(cls) -> Self:
        return cls()

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls(json.loads((folder / "model.json").read_text()))

    def save(self, folder: Path) -> None:
        (folder / "model.json").write_text(json.dumps(self.steps))

    def fit(
        self, train: Records, valid: Records, options: FitOptions, done_epochs: int = 0
    ) -> Iterator[FitStep]:
        places = range(options.batch_size, len(train) + options.batch_size, options.batch_size)
        step = done_epochs * len(places)
        for epoch in range(done_epochs + 1, options.n_epochs + 1):
            for end in places:
                step += 1
                self.steps += 1
                last = end == places[-1]
                measured = (0.5, 0.5) if last and valid else (None, None)
                yield FitStep(step, epoch, last, 1.0 / self.steps, 0.0, *measured)

    def answer(
        self, request: Mapping[str, Any], temperature: float = 0.0, seed: int = 0
    ) -> Sequence[Token]:
        return [Token(f" {self.steps}", 0.0)]


class ForgetsWhenLoaded(Counter):
    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls()


class BeginsAnewInAnEpoch(Counter):
    def fit(
        self, train: Records, valid: Records, options: FitOptions, done_epochs: int = 0
    ) -> Iterator[FitStep]:
        self.steps = 0
        yield from super().fit(train, valid, options, done_epochs)


class NumbersEpochByEpoch(Counter):
    def fit(
        self, train: Records, valid: Records, options: FitOptions, done_epochs: int = 0
    ) -> Iterator[FitStep]:
        for step in super().fit(train, valid, options, done_epochs):
            yield replace(step, last_of_epoch=True)


class NeverMeasures(Counter):
    def fit(
        self, train: Records, valid: Records, options: FitOptions, done_epochs: int = 0
    ) -> Iterator[FitStep]:
        yield from super().fit(train, [], options, done_epochs)


class LearnsFromValid(Counter):
    def fit(
        self, train: Records, valid: Records, options: FitOptions, done_epochs: int = 0
    ) -> Iterator[FitStep]:
        self.steps += len(valid)
        yield from super().fit(train, valid, options, done_epochs)


class ByChance(Counter):
    drawn: ClassVar = itertools.count()

    def fit(
        self, train: Records, valid: Records, options: FitOptions, done_epochs: int = 0
    ) -> Iterator[FitStep]:
        self.steps = next(self.drawn)
        yield from super().fit(train, valid, options, done_epochs)


class LearnsFromQuestions(Counter):
    def answer(
        self, request: Mapping[str, Any], temperature: float = 0.0, seed: int = 0
    ) -> Sequence[Token]:
        self.steps += 1
        return super().answer(request, temperature, seed)


class EmptiesRecords(Counter):
    def fit(
        self, train: Records, valid: Records, options: FitOptions, done_epochs: int = 0
    ) -> Iterator[FitStep]:
        for step in super().fit(train, valid, options, done_epochs):
            for record in train:
                record.pop("completion", None)  # type: ignore[attr-defined]
            yield step


class CertainTwice(Counter):
    def answer(
        self, request: Mapping[str, Any], temperature: float = 0.0, seed: int = 0
    ) -> Sequence[Token]:
        return [Token("x", -1.0, (("y", -2.0), ("x", -1.0)))]


class CallsInWords(Counter):
    def answer(
        self, request: Mapping[str, Any], temperature: float = 0.0, seed: int = 0
    ) -> Sequence[Token]:
        said = super().answer(request, temperature, seed)
        return [*said, Token("f()", 0.0, (("f()", 0.0),), "calls")]


class SpeaksBehindCalls(Counter):
    def answer(
        self, request: Mapping[str, Any], temperature: float = 0.0, seed: int = 0
    ) -> Sequence[Token]:
        line = calls_text([Call.of("f", "{}")])
        called = Token(line, 0.0, ((line, 0.0),), "calls")
        return [called, *super().answer(request, temperature, seed)]


class ReadsWords(Counter):
    def read(self, text: str) -> Sequence[Token]:
        return [Token(word, -1.0) for word in text.split()]


class NeedsAPrompt(Counter):
    def answer(
        self, request: Mapping[str, Any], temperature: float = 0.0, seed: int = 0
    ) -> Sequence[Token]:
        return [Token(request["prompt"], 0.0)]


class Pickles(Counter):
    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls(pickle.loads((folder / "model.json").read_bytes()))

    def save(self, folder: Path) -> None:
        (folder / "model.json").write_bytes(pickle.dumps(self.steps))


@parametrize_with_checks([Counter])
def test_a_correct_one_passes(stage: object, check: Check) -> None:
    check(stage)


@pytest.mark.parametrize(
    ("learner", "check"),
    [
        (ForgetsWhenLoaded, "survives-saving"),
        (BeginsAnewInAnEpoch, "training-on"),
        (ForgetsWhenLoaded, "training-on"),
        (NumbersEpochByEpoch, "steps-numbered"),
        (NeverMeasures, "figures-given"),
        (LearnsFromValid, "valid-not-learnt"),
        (ByChance, "same-seed"),
        (LearnsFromQuestions, "answers-repeat"),
        (EmptiesRecords, "records-unchanged"),
        (CertainTwice, "tokens-likely"),
        (CallsInWords, "calls-readable"),
        (SpeaksBehindCalls, "calls-readable"),
        (ReadsWords, "reads-all"),
        (NeedsAPrompt, "no-crash"),
        (Pickles, "no-pickle"),
    ],
)
def test_a_faulty_one_is_caught(
    learner: type[Learner], check: str, breaks: Callable[[object, str], str]
) -> None:
    message = breaks(learner, check)
    assert message.startswith(f"{learner.__name__} breaks a promise of Learner: ")
