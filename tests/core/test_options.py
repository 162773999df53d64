from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from pitchpipe.errors import ConfigError
from pitchpipe.options import build

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True)
class Inner:
    depth: int = 1


@dataclass(frozen=True)
class Sample:
    needed: str
    count: int = 0
    rate: float = 1.0
    exact: bool = False
    words: tuple[str, ...] = ()
    pair: tuple[int, str] | None = None
    pick: Literal["a", "b"] = "a"
    folder: Path = Path()
    inner: Inner = field(default_factory=Inner)
    table: Mapping[str, Any] = field(default_factory=dict)
    made: str = field(default="", init=False)

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("count must be 0 or more.")


class Plain:
    pass


@dataclass(frozen=True)
class Unreadable:
    price: Decimal


def test_values_are_taken_as_they_are() -> None:
    values = {
        "needed": "n",
        "count": 3,
        "rate": 2,
        "exact": True,
        "words": ["x", "y"],
        "pair": [1, "z"],
        "pick": "b",
        "folder": "/tmp",
        "inner": {"depth": 4},
        "table": {"k": [1, {"l": None}]},
    }
    made = build(Sample, values, "")
    assert made == Sample(
        "n", 3, 2.0, True, ("x", "y"), (1, "z"), "b", Path("/tmp"), Inner(4), values["table"]
    )
    assert isinstance(made.rate, float)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"count": True}, r"^at\.count: .*integer; found True\."),
        ({"count": 1.0}, r"^at\.count: .*integer; found 1\.0\."),
        ({"count": "1"}, r"^at\.count: .*integer; found '1'\."),
        ({"rate": True}, r"^at\.rate: .*number; found True\."),
        ({"exact": 1}, r"^at\.exact: .*boolean; found 1\."),
        ({"words": "xy"}, r"^at\.words: .*array; found 'xy'\."),
        ({"words": ["x", 2]}, r"^at\.words\[1\]: .*string; found 2\."),
        ({"pair": [1]}, r"^at\.pair: .*found \[1\]\."),
        ({"pick": "c"}, r"^at\.pick: should be 'a' or 'b'; found 'c'\."),
        ({"inner": {"depth": "x"}}, r"^at\.inner\.depth: .*integer; found 'x'\."),
        ({"inner": {"dept": 1}}, r"^at\.inner\.dept: unknown key\. Did you mean 'depth'\?"),
        ({"inner": 3}, r"^at\.inner: expected a table, found 3\."),
        ({"made": "x"}, r"^at\.made: unknown key"),
        ({"table": {"k": {1, 2}}}, r"^at\.table: .* is not a value this key can take\."),
        ({"count": -1}, r"^at: count must be 0 or more\."),
    ],
)
def test_a_wrong_value_is_named_by_its_path(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(Sample, {"needed": "n", **values}, "at")


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"^at: .*'needed'"):
        build(Sample, {}, "at")


def test_at_the_top_the_path_is_the_key() -> None:
    with pytest.raises(ConfigError, match=r"^nedeed: unknown key\. Did you mean 'needed'\?"):
        build(Sample, {"nedeed": "n"}, "")


def test_a_class_without_fields_takes_nothing() -> None:
    assert isinstance(build(Plain, {}, "at"), Plain)
    with pytest.raises(ConfigError, match=r"^at\.x: unknown key\. Known here: none\."):
        build(Plain, {"x": 1}, "at")


def test_a_type_hint_nobody_can_read_is_the_plugins_fault() -> None:
    with pytest.raises(ConfigError, match=r"^at: a type hint of Unreadable is unknown: .*Decimal"):
        build(Unreadable, {"price": 1}, "at")
