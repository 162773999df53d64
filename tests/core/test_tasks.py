from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from pitchpipe.tasks import (
    LONGEST_LABEL,
    MOST_LABELS,
    has_conversations,
    task_kind,
    task_of,
)


@pytest.mark.parametrize(
    ("rows", "answers", "asks", "kind"),
    [
        (10, 1, False, "open-ended"),
        (4, 1, True, "classification"),
        (3, 1, True, "conditional"),
        (301, 100, True, "classification"),
        (300, 100, True, "conditional"),
    ],
)
def test_the_kind_of_task_follows_from_three_facts(rows, answers, asks, kind) -> None:
    assert task_kind(rows, answers, asks) == kind


@pytest.mark.parametrize(
    ("answers", "rows", "task"),
    [
        (0, 3, "text"),
        (2, 3, "classification"),
        (3, 3, "text"),
        (3, 10, "classification"),
        (4, 12, "text"),
        (MOST_LABELS, 1000, "classification"),
        (MOST_LABELS + 1, 1000, "text"),
    ],
)
def test_few_distinct_answers_are_labels(answers: int, rows: int, task: str) -> None:
    assert task_of("auto", rows, answers) == task


@pytest.mark.parametrize(
    ("facts", "task"),
    [
        ({}, "classification"),
        ({"conversations": True}, "text"),
        ({"longest": LONGEST_LABEL}, "classification"),
        ({"longest": LONGEST_LABEL + 1}, "text"),
        ({"chat": True}, "classification"),
    ],
)
def test_few_answers_are_labels_only_where_they_can_be(facts: dict[str, Any], task: str) -> None:
    assert task_of("auto", 24, 2, **facts) == task
    for asked in ("text", "classification"):
        assert task_of(asked, 24, 2, **facts) == asked


def test_the_only_answer_of_chat_records_is_no_label() -> None:
    assert task_of("auto", 24, 1) == "classification"
    assert task_of("auto", 24, 1, chat=True) == "text"
    assert task_of("classification", 24, 1, chat=True) == "classification"


SYSTEM, ASK, SAY = ({"role": role, "content": "x"} for role in ("system", "user", "assistant"))
TOOL = [{"type": "function", "function": {"name": "f"}}]
CALLING = {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f"}}]}


@pytest.mark.parametrize(
    ("messages", "beside", "talks"),
    [
        ([ASK, SAY], {}, False),
        ([SYSTEM, ASK, SAY], {}, False),
        ([SYSTEM, SYSTEM, ASK, SAY], {"tools": None, "functions": []}, False),
        ([{**SYSTEM, "role": "developer"}, ASK, SAY], {}, False),
        ([SAY], {}, False),
        ([ASK, {**SAY, "tool_calls": None, "refusal": None}], {}, False),
        ([ASK, SAY, ASK, SAY], {}, True),
        ([ASK, ASK, SAY], {}, True),
        ([SAY, ASK, SAY], {}, True),
        ([ASK, SAY], {"tools": TOOL}, True),
        ([ASK, SAY], {"functions": [{"name": "f"}]}, True),
        ([ASK, CALLING], {}, True),
        ([ASK, {"role": "assistant", "function_call": {"name": "f"}}], {}, True),
        ([ASK, {"role": "assistant", "content": None, "refusal": "No."}], {}, True),
        ([ASK, CALLING, {"role": "tool", "content": "ok"}, SAY], {"tools": TOOL}, True),
        # the model is yet to answer these: what it should say stands elsewhere
        ([ASK], {}, False),
        ([ASK, SAY, ASK], {"tools": TOOL}, False),
        ([], {}, False),
        (None, {"tools": TOOL}, False),
        ("[]", {}, False),
        ([3], {}, False),
    ],
)
def test_what_is_a_conversation(messages: object, beside: dict[str, Any], talks: bool) -> None:
    rows = [{"messages": messages, **beside}]
    assert has_conversations(pd.DataFrame(rows)) is talks
    plain = {"messages": [ASK, SAY], "tools": None, "functions": None}
    assert has_conversations(pd.DataFrame([plain, *rows])) is talks


def test_rows_without_messages_are_no_conversations() -> None:
    assert not has_conversations(pd.DataFrame({"prompt": ["a"], "tools": [TOOL]}))
    assert not has_conversations(pd.DataFrame({"messages": []}))


@pytest.mark.parametrize(
    ("asked", "asks", "kind"),
    [
        ("classification", True, "classification"),
        ("classification", False, "classification"),
        ("text", True, "conditional"),
        ("text", False, "open-ended"),
    ],
)
def test_what_the_user_says_of_the_task_counts(asked: str, asks: bool, kind: str) -> None:
    for answers in (1, 300):
        assert task_kind(300, answers, asks, asked) == kind  # type: ignore[arg-type]
