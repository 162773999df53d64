from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
import pytest

from pitchpipe import hookimpl
from pitchpipe.config import Config
from pitchpipe.errors import ConfigError, UnknownNameError, UsageError
from pitchpipe.hookspecs import Register
from pitchpipe.plugins import PluginHost
from pitchpipe.records import Contract, Finding, Prediction, Request
from pitchpipe.schema import Schema
from pitchpipe.selection import Named, Parts, Selection
from pitchpipe.stages import Formatter, Ledger, Predictor, Scope, Validator

PLAIN = Schema({"prompt": "text", "completion": "tag"}, None)


@dataclass(frozen=True)
class Counting(Validator[int]):
    """A rule that finds nothing."""

    scope: ClassVar[Scope] = "source"
    most: int = 3
    words: tuple[str, ...] = ()

    def start(self) -> int:
        return 0

    def observe(self, state: int, chunk: pd.DataFrame) -> int:
        return state + len(chunk)

    def merge(self, a: int, b: int) -> int:
        return a + b

    def conclude(self, state: int) -> Sequence[Finding]:
        return []


class Unregistered(Counting):
    pass


@dataclass(frozen=True)
class Parrot(Predictor):
    base_url: str | None = None
    word: str = "hello"

    def predict(
        self, model: str, requests: Iterable[Request], ledger: Ledger
    ) -> Iterator[Prediction]:
        return (Prediction(self.word) for _ in requests)


class Aviary:
    @hookimpl
    def register_validators(self, register: Register[type[Validator[Any]]]) -> None:
        register("counting", Counting)

    @hookimpl
    def register_predictors(self, register: Register[type[Predictor]]) -> None:
        register("parrot", Parrot)


@pytest.fixture(scope="module")
def host() -> PluginHost:
    return PluginHost([Aviary()], entry_points=False)


def select(host: PluginHost, values: dict[str, Any], **parts: Any) -> Selection:
    values = {"validators": {"use": []}, "trainer": {"base_url": "offline:"}} | values
    return Selection(Config.from_mapping(values), host, Parts(**parts))


def made(selection: Selection) -> Named[Formatter]:
    """The formatter of plain rows."""
    rows = selection.rows("t", PLAIN, pd.DataFrame({"prompt": ["a"], "completion": ["b"]}))
    return selection.formatter(PLAIN, selection.fit(rows))


def test_auto_is_decided_by_the_rows(host: PluginHost) -> None:
    selection = select(host, {})
    formatter = made(selection)
    assert (formatter.name, formatter.stage.format) == ("completion", "completion")
    assert selection.splitter(PLAIN, ["a", "b"]).name == "stratified"
    assert selection.splitter(PLAIN, []).name == "random"
    assert selection.trainer_name == "fake"


def test_what_is_asked_for_is_taken(host: PluginHost) -> None:
    selection = select(
        host, {"formatter": {"name": "chat"}, "splitter": {"name": "random", "seed": 7}}
    )
    assert made(selection).name == "chat"
    splitter = selection.splitter(PLAIN, ["a", "b"])
    assert (splitter.name, getattr(splitter.stage, "seed", None)) == ("random", 7)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"formatter": {"name": "chatt"}}, UnknownNameError, "unknown formatter 'chatt'.*'chat'"),
        ({"splitter": {"name": "radnom"}}, UnknownNameError, "unknown splitter .*'random'"),
        ({"engine": {"name": "lokal"}}, UnknownNameError, "unknown engine .*'local'"),
        ({"trainer": {"name": "fakee"}}, UnknownNameError, "unknown trainer .*'fake'"),
        ({"predictor": {"name": "parot"}}, UnknownNameError, "unknown predictor .*'parrot'"),
        ({"validators": {"use": ["countin"]}}, UnknownNameError, "unknown validator .*'counting'"),
        ({"splitter": {"name": "random", "sead": 1}}, ConfigError, r"^splitter\.sead: unknown key"),
        ({"trainer": {"base_urll": ""}}, ConfigError, r"^trainer\.base_urll: unknown key"),
        (
            {"predictor": {"name": "parrot", "word": 1}},
            ConfigError,
            r"^predictor\.word: .* found 1\.",
        ),
        (
            {"validators": {"use": ["counting"], "options": {"counting": {"most": "x"}}}},
            ConfigError,
            r"^validators\.options\.counting\.most: .* found 'x'\.",
        ),
        (
            {"validators": {"use": [], "options": {"counting": {"most": 1}}}},
            UsageError,
            r"^validators\.options\.counting: this validator is not in use",
        ),
    ],
)
def test_what_does_not_exist_is_found_before_anything_runs(
    host: PluginHost, values: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        select(host, values)


def test_validators_are_made_with_their_options(host: PluginHost) -> None:
    values = {"use": ["counting"], "options": {"counting": {"most": 5}}}
    (made,) = select(host, {"validators": values}).validators
    assert (made.name, made.stage) == ("counting", Counting(5))


def test_the_predictor_goes_where_the_trainer_went(host: PluginHost) -> None:
    asked = select(host, {"predictor": {"name": "parrot", "word": "hi"}}).predictor
    assert asked == Parrot("offline:", "hi")
    default = select(host, {"predictor": {"concurrency": 2}}).predictor
    assert getattr(default, "concurrency", None) == 2


def test_parts_take_the_place_of_names_and_are_described(host: PluginHost) -> None:
    splitter = host.splitters.create("random", {"seed": 9})
    formatter = host.formatters.create("completion", {"suffix": " END"})
    parts = {
        "formatter": formatter,
        "validators": (Counting(1, ("a",)), Unregistered()),
        "splitter": splitter,
        "predictor": Parrot(word="hey"),
    }
    selection = select(host, {"splitter": {"name": "no such"}}, **parts)
    assert made(selection).stage is formatter
    assert selection.splitter(PLAIN, []).stage is splitter
    assert selection.predictor is parts["predictor"]
    assert [named.stage for named in selection.validators] == list(parts["validators"])
    names = [named.name for named in selection.validators]
    assert names[0] == "counting"
    assert names[1].endswith(".Unregistered")

    written = tomllib.loads(selection.config.to_toml())
    assert written["splitter"]["name"] == "random"
    assert written["splitter"]["seed"] == 9
    assert written["formatter"]["suffix"] == " END"
    assert written["predictor"] == {"name": "parrot", "word": "hey"}
    assert written["validators"]["options"]["counting"] == {"most": 1, "words": ["a"]}


def test_the_formatter_of_a_contract_is_made_again(host: PluginHost) -> None:
    contract = Contract("completion", "completion", {"suffix": " END"})
    made = select(host, {}).formatter_of(contract)
    assert made == host.formatters.create("completion", {"suffix": " END"})
    given = host.formatters.create("completion")
    assert select(host, {}, formatter=given).formatter_of(contract) is given
    with pytest.raises(UnknownNameError, match="unknown formatter 'gone'"):
        select(host, {}).formatter_of(Contract("chat", "gone"))
