from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from pitchpipe.records import Prediction, Request
from pitchpipe.stages import (
    Engine,
    EngineCapabilities,
    Item,
    Ledger,
    Predictor,
    PredictorCapabilities,
    Result,
)
from pitchpipe.testing import Check, parametrize_with_checks


@dataclass(frozen=True)
class Here(Engine):
    """As little as an engine can be."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        return map(function, items)


class Reorders(Here):
    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        return iter([function(item) for item in items][::-1])


class HidesErrors(Here):
    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            try:
                yield function(item)
            except Exception:  # noqa: BLE001 - the fault
                yield None


class ReadsAll(Here):
    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        return iter([function(item) for item in items])


class ReadsAllAndSaysSo(ReadsAll):
    capabilities = EngineCapabilities(lazy=False)


class NeedsAnItem(Here):
    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        first, *rest = items
        return map(function, [first, *rest])


@dataclass
class NotFrozen(Engine):
    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        return map(function, items)


@dataclass(frozen=True)
class Echo(Predictor):
    """As little as a predictor can be."""

    def predict(
        self, model: str, requests: Iterable[Request], ledger: Ledger
    ) -> Iterator[Prediction]:
        for request in requests:
            yield Prediction(f"{model}: {request.body['prompt']}")


class AnswersBackwards(Echo):
    def predict(self, model: str, requests: Iterable[Request], ledger: Ledger) -> Iterator[Any]:
        yield from [*super().predict(model, requests, ledger)][::-1]


class SkipsRepeated(Echo):
    def predict(self, model: str, requests: Iterable[Request], ledger: Ledger) -> Iterator[Any]:
        yield from dict.fromkeys(super().predict(model, requests, ledger))


class ReadsAllRequests(Echo):
    def predict(self, model: str, requests: Iterable[Request], ledger: Ledger) -> Iterator[Any]:
        yield from super().predict(model, list(requests), ledger)


class NeedsARequest(Echo):
    def predict(self, model: str, requests: Iterable[Request], ledger: Ledger) -> Iterator[Any]:
        asked = iter(requests)
        yield from super().predict(
            model, [*asked] or [Request("completions", {"prompt": ""})], ledger
        )


class ChangesItsMind(Echo):
    asked: ClassVar = itertools.count()

    def predict(self, model: str, requests: Iterable[Request], ledger: Ledger) -> Iterator[Any]:
        for answer in super().predict(model, requests, ledger):
            yield Prediction(f"{answer.text} {next(self.asked)}")


class ChangesItsMindAndSaysSo(ChangesItsMind):
    capabilities = PredictorCapabilities(deterministic=False)


class Remembers(Echo):
    resumes: ClassVar[bool] = True

    def predict(self, model: str, requests: Iterable[Request], ledger: Ledger) -> Iterator[Any]:
        for number, request in enumerate(requests):
            step = f"request-{number}"
            done = ledger.outcome(step)
            if done is None:
                ledger.intend(step, {})
                done = {"text": f"{model}: {request.body['prompt']}"}
                ledger.done(step, done)
            yield Prediction(done["text"])


class AsksOnlyWhatIsLeft(Remembers):
    def predict(self, model: str, requests: Iterable[Request], ledger: Ledger) -> Iterator[Any]:
        for number, answer in enumerate(super().predict(model, requests, ledger)):
            if ledger.outcome(f"given-{number}") is None:
                ledger.done(f"given-{number}", {})
                yield answer


@parametrize_with_checks(
    [Here(), ReadsAllAndSaysSo(), Echo(), ChangesItsMindAndSaysSo(), Remembers()]
)
def test_a_correct_one_passes(stage: object, check: Check) -> None:
    check(stage)


@pytest.mark.parametrize(
    ("stage", "check"),
    [
        (Reorders(), "order-kept"),
        (HidesErrors(), "errors-raised"),
        (ReadsAll(), "lazy"),
        (NeedsAnItem(), "no-items"),
        (NotFrozen(), "frozen-dataclass"),
        (AnswersBackwards(), "in-order"),
        (SkipsRepeated(), "one-each"),
        (ReadsAllRequests(), "streams"),
        (NeedsARequest(), "no-requests"),
        (ChangesItsMind(), "deterministic"),
        (AsksOnlyWhatIsLeft(), "resumes"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_faulty_one_is_caught(
    stage: object, check: str, breaks: Callable[[object, str], str]
) -> None:
    breaks(stage, check)


def test_both_orders_are_shown(shrunk: Callable[[object, str], str]) -> None:
    message = shrunk(AnswersBackwards(), "in-order")
    assert "AnswersBackwards breaks a promise of Predictor" in message
    assert "as when each is asked alone" in message
