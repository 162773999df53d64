from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import pytest

from pitchpipe.errors import ConfigError, PluginError, UnknownNameError
from pitchpipe.registry import Entry, Provider, Registry, option_names


class Horn(ABC):
    @abstractmethod
    def play(self) -> str: ...

    @abstractmethod
    def tune(self) -> str: ...


@dataclass(frozen=True)
class Bugle(Horn):
    pitch: float = 440.0
    made: str = field(default="", init=False)

    def play(self) -> str:
        return f"{self.pitch:g}"

    def tune(self) -> str:
        return ""


class Cornet(Bugle):
    pass


class Unfinished(Horn):
    def play(self) -> str:
        return ""


FIRST, SECOND = Provider("first", "1.0", "p"), Provider("second", "", "q")


@pytest.fixture
def horns() -> Registry[Horn]:
    registry = Registry[Horn]("horn", Horn)
    registry.add("bugle", Bugle, FIRST)
    return registry


def test_a_stage_is_made_with_checked_options(horns: Registry[Horn]) -> None:
    assert horns.create("bugle").play() == "440"
    assert horns.create("bugle", {"pitch": 415}).play() == "415"
    assert horns.create("first:bugle", {"pitch": 430}).play() == "430"
    with pytest.raises(ConfigError, match=r"^horn\.pitch: .* found 'a'\."):
        horns.create("bugle", {"pitch": "a"})
    with pytest.raises(ConfigError, match=r"^brass\.pich: unknown key\. Did you mean 'pitch'\?"):
        horns.create("bugle", {"pich": 1}, "brass")


def test_who_gave_what_is_known(horns: Registry[Horn]) -> None:
    horns.add("alto", Cornet, SECOND)
    horns.add("bugle", Cornet, SECOND)
    assert horns.names() == ["alto", "bugle"]
    assert list(horns) == [
        Entry("alto", Cornet, SECOND),
        Entry("bugle", Bugle, FIRST),
        Entry("bugle", Cornet, SECOND),
    ]
    assert [str(e.provider) for e in horns] == ["second", "first 1.0", "second"]


def test_two_distributions_with_one_name(horns: Registry[Horn]) -> None:
    horns.add("bugle", Cornet, SECOND)
    with pytest.raises(PluginError) as caught:
        horns.get("bugle")
    assert str(caught.value) == (
        "horn 'bugle' is offered by first 1.0 and by second; "
        "choose first:bugle or second:bugle, or block one of the plugins."
    )
    assert horns.get("first:bugle").stage is Bugle
    assert horns.get("second:bugle").stage is Cornet


def test_one_distribution_with_one_name_twice(horns: Registry[Horn]) -> None:
    horns.add("bugle", Cornet, Provider("first", "1.0", "other"))
    with pytest.raises(PluginError, match=r"choose \S+\.Bugle or \S+\.Cornet"):
        horns.get("first:bugle")


@pytest.mark.parametrize(
    ("name", "message", "close"),
    [
        ("bugel", "unknown horn 'bugel'. Did you mean 'bugle'? Known: bugle.", "bugle"),
        ("zzz", "unknown horn 'zzz'. Known: bugle.", None),
        (
            "frst:bugle",
            "unknown horn 'frst:bugle'. Did you mean 'first:bugle'? Known: first:bugle.",
            "first:bugle",
        ),
    ],
)
def test_an_unknown_name(horns: Registry[Horn], name: str, message: str, close: str | None) -> None:
    with pytest.raises(UnknownNameError) as caught:
        horns.get(name)
    assert str(caught.value) == message
    assert (caught.value.name, caught.value.close_match) == (name, close)


def test_an_unknown_name_where_there_is_none() -> None:
    with pytest.raises(UnknownNameError, match=r"Known: none\. Install one\.$"):
        Registry[Horn]("horn", Horn).create("x", detail="Install one.")


@pytest.mark.parametrize("stage", [Bugle(), dict, "bugle", None])
def test_only_classes_of_the_kind_are_taken(horns: Registry[Horn], stage: object) -> None:
    with pytest.raises(PluginError, match=r"second offers .* as horn 'x'; expected a subclass of"):
        horns.check("x", stage, SECOND)


def test_a_class_that_lacks_something_is_not_taken(horns: Registry[Horn]) -> None:
    with pytest.raises(PluginError, match=r"horn 'x' of first 1\.0 \(Unfinished\) lacks tune\."):
        horns.add("x", Unfinished, FIRST)
    assert horns.names() == ["bugle"]


@pytest.mark.parametrize("name", ["", "a:b", 3])
def test_a_name_that_nobody_could_write_is_not_taken(horns: Registry[Horn], name: object) -> None:
    with pytest.raises(PluginError, match=r"first 1\.0 offers a horn as .*; expected a name"):
        horns.check(name, Bugle, FIRST)


def test_the_options_of_a_class_are_what_a_user_may_set() -> None:
    assert option_names(Bugle) == ["pitch"]
    assert option_names(Unfinished) == []


def test_who_asks_for_a_stage_of_another_distribution_of_ours_is_told_what_to_install() -> None:
    with pytest.raises(UnknownNameError, match=r"with: python -m pip install pitchpipe-dedup\.$"):
        Registry[Horn]("validator", Horn).get("near-duplicates")
