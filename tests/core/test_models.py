from __future__ import annotations

from datetime import date

import pytest

from pitchpipe.models import base_of, model_table, of_family
from pitchpipe.retirement import endings


def test_every_model_has_a_day_and_known_limits() -> None:
    table = model_table()
    for name, facts in table.models.items():
        assert facts.shut_down is not None, name
        assert facts.encoding in {None, "cl100k_base", "o200k_base"}
        assert facts.max_tokens is None or facts.max_tokens >= 2048
    assert table.closes == date(2027, 1, 6)
    assert table.read >= date(2026, 11, 26)


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("babbage-002", 0.40),
        ("gpt-4o-mini-2024-07-18", 3.0),
        ("gpt-4o-mini", 3.0),
        ("gpt-4.1-mini", 5.0),
        ("gpt-3.5-turbo-0125", 8.0),
        ("ft:gpt-4.1-nano-2025-04-14:me:x:1", 1.5),
        ("gpt-9", None),
        ("ft:", None),
    ],
)
def test_prices_are_found_by_model_snapshot_and_base(model: str, price: float | None) -> None:
    assert of_family(model, model_table().prices) == price


def test_of_an_unknown_model_nothing_is_known() -> None:
    facts = model_table().facts("gpt-9")
    assert (facts.encoding, facts.max_tokens, facts.shut_down, facts.price) == (None,) * 4


def test_the_base_of_a_tuned_model() -> None:
    assert base_of("ft:gpt-4o-mini-2024-07-18:me::1") == "gpt-4o-mini-2024-07-18"
    assert base_of("curie") == "curie"


def test_what_has_ended_is_told_apart_from_what_ends() -> None:
    over, soon = endings("babbage-002", date(2026, 12, 1), 90)
    assert (over.over, soon.over) == (True, False)
    assert "since 2026-09-28" in str(over)
    assert "from 2027-01-06" in str(soon)
    assert "read 2026-11-26" in str(over)


def test_a_day_is_told_of_the_snapshot_that_it_is_known_of() -> None:
    [model, _] = endings("ft:gpt-4o-mini:me::1", date(2026, 12, 1), 90)
    assert str(model).startswith("model gpt-4o-mini-2024-07-18 is not answered for from 2027-01-14")
    [older, _] = endings("gpt-4o-2024-05-13", date(2026, 12, 1), 90)
    assert older.over


def test_a_day_of_ones_own_is_not_laid_to_the_vendor() -> None:
    dates = {"mine": "2026-03-01", "service": "2026-04-01"}
    found = endings("mine-2025-01-01", date(2026, 3, 1), 90, dates)
    assert [str(ending) for ending in found] == [
        "model mine-2025-01-01 is not answered for since 2026-03-01 (the dates given)",
        "the hosted service takes no fine-tuning jobs from 2026-04-01 (the dates given)",
    ]
