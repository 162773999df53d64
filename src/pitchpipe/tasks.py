"""What kind of task some data is for, by what its answers are and how many of them are alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from pitchpipe.records import TaskChoice

MOST_LABELS = 50
"""More distinct answers than this are free text."""

LONGEST_LABEL = 200
"""An answer of more characters than this is free text."""

_MESSAGES, _TOOLS = "messages", ("tools", "functions")
_CONTEXT = frozenset({"system", "developer"})
_NOT_TEXT = ("tool_calls", "function_call", "refusal")

TaskKind = Literal["open-ended", "classification", "conditional"]
"""Continuing from nothing, choosing among labels, or answering in free text."""


def task_kind(rows: int, answers: int, asks: bool, asked: TaskChoice = "auto") -> TaskKind:
    """The kind of task, as ``prepare_data`` of the openai package 0.27.8 had it.

    Args:
        rows: how many rows there are.
        answers: how many different completions they have.
        asks: whether any prompt holds anything.
        asked: what the user says that answers are, which counts first.
    """
    if asked == "classification":
        return "classification"
    if not asks:
        return "open-ended"
    if asked == "text":
        return "conditional"
    return "classification" if 3 * answers < rows else "conditional"


def task_of(
    asked: TaskChoice,
    rows: int,
    answers: int,
    *,
    longest: int = 0,
    chat: bool = False,
    conversations: bool = False,
    most: int = MOST_LABELS,
) -> Literal["classification", "text"]:
    """What the answers are: labels, or free text. Every rule and stage goes by this.

    What the user asked for counts first. Else answers are labels where they are few, as
    ``prepare_data`` of the openai package 0.27.8 had it: fewer than a third of the rows; here also
    no more than ``most``, of at most ``LONGEST_LABEL`` characters, and not those of conversations.
    The only answer of chat records is no label: it may be how an assistant is to answer.

    Args:
        asked: what the user or a contract says.
        rows: how many rows there are.
        answers: how many distinct answers; 0 where no answer is text.
        longest: characters of the longest.
        chat: whether the rows were chat records when they were read.
        conversations: whether any row is a conversation, as ``has_conversations`` tells.
        most: how many distinct answers can be labels.
    """
    if asked != "auto":
        return asked
    few = (2 if chat else 1) <= answers < max(rows / 3, 3) and answers <= most
    return "classification" if few and longest <= LONGEST_LABEL and not conversations else "text"


def has_conversations(rows: pd.DataFrame) -> bool:
    """Whether any row closes a conversation: then answers are what is said, and no labels.

    A question (with what the system says before it) and an answer in text are none. Several turns
    are one, and so is a record with tools, a call or a refusal. Rows without messages, and messages
    that end before the answer, are none.
    """
    if _MESSAGES not in rows.columns:
        return False
    beside = [rows[key].tolist() for key in _TOOLS if key in rows.columns]
    tools: Sequence[bool] = [any(map(_holds, cells)) for cells in zip(*beside, strict=True)]
    talks = rows[_MESSAGES].tolist()
    return any(map(_is_conversation, talks, tools or [False] * len(talks)))


def _holds(cell: object) -> bool:
    return isinstance(cell, list) and bool(cell)


def _is_conversation(messages: object, has_tools: bool) -> bool:
    if not isinstance(messages, list) or not messages:
        return False
    spoken = [(m, m.get("role")) for m in messages if isinstance(m, Mapping)]
    # a role may be anything: the rules come to it later
    said = [m for m, role in spoken if not (isinstance(role, str) and role in _CONTEXT)]
    roles = [message.get("role") for message in said]
    if not roles or roles[-1] != "assistant":
        return False
    return has_tools or roles != ["user", "assistant"][-len(roles) :] or _is_not_text(said[-1])


def _is_not_text(message: Mapping[str, Any]) -> bool:
    return any(message.get(key) for key in _NOT_TEXT)
