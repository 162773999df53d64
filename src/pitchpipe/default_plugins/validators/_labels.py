"""Labels, counted: what rules about classes have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd

from pitchpipe.calls import calls_of, comparable_text
from pitchpipe.default_plugins.validators._fields import (
    MESSAGES,
    FormatAware,
    answers,
    as_text,
    is_empty,
)
from pitchpipe.default_plugins.validators._places import SHOWN, lowest, unit_of
from pitchpipe.default_plugins.validators._text import text_of
from pitchpipe.tasks import LONGEST_LABEL, MOST_LABELS, has_conversations, task_of

MANY = 200
"""The most different ones that any rule takes for labels, unless the contract knows more."""


@dataclass(frozen=True)
class LabelCounts:
    """The labels seen.

    Attributes:
        counts: how often each came, or None once there are too many, or too long ones, for labels.
        lines: the numbers of the first few rows of each, ascending.
        unit: what the numbers count.
        chat: whether the rows are chat records.
    """

    counts: Mapping[str, int] | None = field(default_factory=dict)
    lines: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    unit: str = ""
    chat: bool = False

    def first(self, label: str) -> int:
        """The number of a label's first row."""
        return self.lines[label][0]

    def lowest(self, labels: Iterable[str]) -> tuple[int, ...]:
        """The numbers of the first few rows that have one of some labels."""
        return lowest(line for label in labels for line in self.lines[label])


class CountingLabels(FormatAware[LabelCounts]):
    """A rule about the labels of a classification.

    Completions are labels when the contract says so; else ``task_of`` decides, as it does for the
    files that are written. Of so few rows that this is a guess, nothing is said.
    """

    most: ClassVar[int] = MOST_LABELS
    """So many different ones are few."""

    def start(self) -> LabelCounts:
        """No labels."""
        return LabelCounts()

    def observe(self, state: LabelCounts, chunk: pd.DataFrame) -> LabelCounts:
        """Adds the chunk's labels."""
        contract = self._contract
        if state.counts is None or contract.format == "preference":
            return state
        open_question = contract.answers_are == "auto"
        if contract.answers_are == "text" or (open_question and _talks(chunk)):
            return LabelCounts(None, {}, unit_of(chunk))
        kind, most = contract.format, max(MANY, len(contract.labels))
        seen = text_of(chunk).once(
            f"labels up to {most}", kind, lambda: _counted(answers(chunk, kind), chunk, most)
        )
        return self.merge(state, seen)

    def merge(self, a: LabelCounts, b: LabelCounts) -> LabelCounts:
        """The labels of both."""
        unit, chat = max(a.unit, b.unit), a.chat or b.chat
        if a.counts is None or b.counts is None:
            return LabelCounts(None, {}, unit)
        counts = Counter(a.counts) + Counter(b.counts)
        told = MANY if self._contract.task == "classification" else 0
        most = max(self.most, told, len(self._contract.labels))
        if len(counts) > most or any(len(label) > LONGEST_LABEL for label in counts):
            return LabelCounts(None, {}, unit)
        lines = {
            label: lowest((*a.lines.get(label, ()), *b.lines.get(label, ()))) for label in counts
        }
        return LabelCounts(counts, lines, unit, chat)

    def _labels(self, state: LabelCounts) -> Mapping[str, int]:
        """How often each label came; empty where the answers are no labels."""
        counts = state.counts or {}
        asked, rows = self._contract.answers_are, sum(counts.values())
        if asked == "auto" and 3 * len(counts) >= rows:
            return {}
        task = task_of(
            asked,
            rows,
            len(counts),
            longest=max(map(len, counts), default=0),
            chat=state.chat,
            most=self.most,
        )
        return counts if task == "classification" else {}


def _talks(chunk: pd.DataFrame) -> bool:
    return text_of(chunk).once("conversations", "messages", lambda: has_conversations(chunk))


def _counted(cells: Sequence[object], chunk: pd.DataFrame, most: int) -> LabelCounts:
    labels = [cell if type(cell) is str else _label(cell) for cell in cells]
    counts: Mapping[str, int] = {}
    for some in (labels[: 2 * most], labels):  # free text shows soon that it is no labels
        counts = {label: n for label, n in Counter(some).items() if not is_empty(label)}
        if len(counts) > most:
            return LabelCounts(None, {}, unit_of(chunk))
    chat = MESSAGES in chunk.columns
    return LabelCounts(counts, _first_lines(labels, chunk, counts), unit_of(chunk), chat)


def _label(cell: object) -> str:
    """What is no text, as one: calls as they are compared, numbers as JSON.

    It is "" for nothing, and for parts of content, which are no labels.
    """
    calls = calls_of(cell) if isinstance(cell, Mapping) else ()
    if calls:
        return comparable_text(calls)
    return "" if is_empty(cell) or isinstance(cell, list) else as_text(cell)


def _first_lines(
    labels: Sequence[str], chunk: pd.DataFrame, counts: Mapping[str, int]
) -> dict[str, tuple[int, ...]]:
    lines: dict[str, list[int]] = {label: [] for label in counts}
    missing = sum(min(n, SHOWN) for n in counts.values())
    for at, label in enumerate(labels):
        if not missing:
            break
        known = lines.get(label)
        if known is not None and len(known) < SHOWN:
            known.append(int(chunk.index[at]))
            missing -= 1
    return {label: tuple(numbers) for label, numbers in lines.items()}
