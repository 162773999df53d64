import json

import pytest

from pitchpipe.default_plugins.trainers.estimates import (
    TRAINING_PRICES,
    auto_epochs,
    check_budget,
    count_tokens,
    price_of,
)
from pitchpipe.errors import BudgetError, DataError
from pitchpipe.records import Estimate


@pytest.mark.parametrize(
    ("rows", "epochs"),
    [
        (0, 25), (1, 25), (4, 25), (5, 20), (10, 10), (33, 3), (34, 3), (8333, 3),
        (8334, 2), (12_500, 2), (12_501, 1), (25_000, 1), (10**6, 1),
    ],
)  # fmt: skip
def test_auto_epochs_follow_the_rule(rows, epochs):
    assert auto_epochs("auto", rows) == epochs


def test_epochs_given_are_taken():
    assert auto_epochs(7, 10**6) == 7


def test_tokens_are_a_quarter_of_the_text_bytes(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text('{"prompt": "abcdefgh", "completion": " \\u00e9x"}\n\n', encoding="utf-8")
    assert count_tokens(file) == 3  # 8 + 4 bytes


def test_chat_messages_cost_their_frame_and_every_text_counts(tmp_path):
    file = tmp_path / "a.jsonl"
    message = {"role": "user", "content": [{"type": "text", "text": "x" * 392}]}
    file.write_text(json.dumps({"messages": [message, message], "weight": 1}) + "\n")
    assert count_tokens(file) == 2 * (392 + 8) // 4 + 2 * 3


def test_a_line_that_is_not_json_is_named(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text('{"prompt": "a"}\n{oops\n')
    with pytest.raises(DataError, match=r"a\.jsonl, line 2"):
        count_tokens(file)


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
def test_prices_are_found_by_model_snapshot_and_base(model, price):
    assert price_of(model, TRAINING_PRICES) == price


def test_a_cost_above_the_limit_is_refused_with_both_figures():
    estimate = Estimate(tokens=1_000_000, epochs=3, cost=9.0, source="the list")
    with pytest.raises(BudgetError, match=r"9\.00 USD .* max_cost, 5\.00 USD.*--max-cost"):
        check_budget(estimate, 5.0, "m")
    check_budget(estimate, 9.0, "m")
    check_budget(estimate, None, "m")


def test_an_unknown_cost_is_refused_when_there_is_a_limit():
    estimate = Estimate(tokens=1, epochs=1, cost=None, source="no prices are known for x")
    with pytest.raises(BudgetError, match=r'no prices are known for x.*prices = \{ "m" = '):
        check_budget(estimate, 5.0, "m")
    check_budget(estimate, None, "m")
