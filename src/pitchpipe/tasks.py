"""What kind of task some data is for, by how many of its answers are alike."""

from __future__ import annotations

from typing import Literal

TaskKind = Literal["open-ended", "classification", "conditional"]
"""Continuing from nothing, choosing among labels, or answering in free text."""


def task_kind(rows: int, answers: int, asks: bool) -> TaskKind:
    """The kind of task, as ``prepare_data`` of the openai package 0.27.8 had it.

    Args:
        rows: how many rows there are.
        answers: how many different completions they have.
        asks: whether any prompt holds anything.
    """
    if not asks:
        return "open-ended"
    return "classification" if 3 * answers < rows else "conditional"
