"""Conversations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import repeat
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.default_plugins.formatters import _messages
from pitchpipe.default_plugins.formatters._cells import (
    check_stops,
    column_cells,
    texts,
)
from pitchpipe.default_plugins.formatters._labels import (
    check_labels,
    mapped,
    most_tokens,
    unmapped,
)
from pitchpipe.records import COMPLETION, PROMPT, Contract, Format, Request
from pitchpipe.stages import Formatter

MESSAGES = "messages"


@dataclass(frozen=True)
class ChatFormatter(Formatter):
    """Writes ``{"messages": [system?, user, assistant]}``.

    Rows that hold ``messages`` pass as they are, with their tools, functions and weights; their
    other columns are left out. With ``extras`` all columns are kept, and a completion stands beside
    the messages, not among them: there it is for graders, and the model is to find it by itself.

    Attributes:
        system: the message that begins each conversation made from a prompt.
        labels: what to train in place of a label; answers are mapped back.
        max_tokens: the most tokens of an answer; None bounds known labels by their length and
            leaves free text to the service. Models that think before they answer need more.
        stop: strings at which the service ends an answer.
        extras: whether records hold more than messages and tools, as reinforcement has it.
    """

    format: ClassVar[Format] = "chat"

    system: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    extras: bool = False

    def __post_init__(self) -> None:
        """Refuses labels written alike, and stops that the API does not take."""
        check_labels(self.labels)
        check_stops(self.stop)

    def required_columns(self, available: Sequence[str]) -> tuple[str, ...]:
        """Only ``messages`` where there are any, else ``prompt`` and ``completion``."""
        return (MESSAGES,) if MESSAGES in available else (PROMPT, COMPLETION)

    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """Source rows to ``messages``; without a completion, up to the user's.

        Numbers and booleans become text as JSON writes them.

        Raises:
            DataError: a cell is empty, no text, or no list of messages; names its line.
        """
        if MESSAGES in chunk.columns:
            for row, cell in zip(chunk.index, column_cells(chunk, MESSAGES), strict=True):
                _messages.checked(cell, chunk, row, MESSAGES)
            keys = chunk.columns if self.extras else (MESSAGES, *_messages.TOOL_KEYS)
            return chunk[[key for key in keys if key in chunk.columns]].astype(object)
        talks = [_messages.asked(self.system, text) for text in texts(chunk, PROMPT)]
        made: dict[str, Sequence[object]] = {MESSAGES: talks}
        if COMPLETION in chunk.columns:
            trained = mapped(self.labels, texts(chunk, COMPLETION), chunk, COMPLETION)
            if self.extras:
                made[COMPLETION] = trained
            else:
                for talk, text in zip(talks, trained, strict=True):
                    talk.append(_messages.answered(text))
        return pd.DataFrame(made, index=chunk.index, dtype=object)

    def is_formatted(self, chunk: pd.DataFrame) -> bool:
        """Whether every row holds messages."""
        return MESSAGES in chunk.columns and all(
            map(_messages.is_messages, column_cells(chunk, MESSAGES))
        )

    def request(self, record: Mapping[str, Any]) -> Request:
        """What to send for the closing message: all before it, and the tools."""
        messages = record[MESSAGES]
        before = messages[:-1] if _is_answer(messages[-1]) else messages
        return _messages.chat_request(before, record, self.stop, self.max_tokens)

    def reference(self, record: Mapping[str, Any]) -> str | None:
        """What the closing message answers, or the completion beside it; None if there is neither.

        Of calls it is the line of JSON that ``pitchpipe.calls.comparable_text`` writes.
        """
        last = record[MESSAGES][-1]
        if _is_answer(last):
            return _messages.answer_of(last)
        beside = record.get(COMPLETION)
        return beside if self.extras and isinstance(beside, str) else None

    def questions(self, records: pd.DataFrame) -> Sequence[Any]:
        """All messages but a closing answer, of that what is no answer; and the tools."""
        rest: Iterable[Sequence[object]] = repeat(())
        if records.columns.isin(_messages.TOOL_KEYS).any():
            rest = [
                tools if any(tool is not None for tool in tools) else ()
                for tools in zip(*_beside(records, _messages.TOOL_KEYS), strict=True)
            ]
        return [
            [*_asked(messages), *tools]
            for messages, tools in zip(records[MESSAGES].tolist(), rest, strict=False)
        ]

    def answers(self, records: pd.DataFrame) -> Sequence[Any]:
        """The closing answers; with ``extras`` what is there for graders."""
        if self.extras:
            keys = [c for c in records.columns if c not in (MESSAGES, *_messages.TOOL_KEYS)]
            rows = zip(*_beside(records, keys), strict=True) if keys else [()] * len(records)
            return [_reference(dict(zip(keys, cells, strict=True))) for cells in rows]
        return [
            _answer(messages[-1]) if _is_answer(messages[-1]) else None
            for messages in records[MESSAGES].tolist()
        ]

    def parse(self, answer: str) -> str:
        """The answer as the user's label; else word for word."""
        return unmapped(self.labels, answer)

    def contract(self, name: str, labels: Sequence[str] = ()) -> Contract:
        """All of it that prediction needs.

        ``labels`` and those of the contract are in the user's words. Without a ``max_tokens`` of
        its own, it gets the number of bytes of the longest label as it is trained, which no
        tokenizer of the API exceeds.
        """
        limit = self.max_tokens
        if limit is None:
            limit = most_tokens(self.labels, labels)
        options = asdict(self) | {
            "stop": list(self.stop),
            "labels": dict(self.labels),
            "max_tokens": limit,
        }
        return Contract(self.format, name, options, tuple(sorted(labels)), self.stop, limit)


def _beside(records: pd.DataFrame, keys: Sequence[str]) -> list[list[object]]:
    """The cells of some columns; of one that is not there, as many times None."""
    none: list[object] = [None] * len(records)
    return [records[key].tolist() if key in records.columns else none for key in keys]


def _reference(beside: Mapping[str, object]) -> object:
    """What graders compare with: a text where only the completion is there, else all there is."""
    known = {key: value for key, value in beside.items() if value is not None}
    return known[COMPLETION] if known.keys() == {COMPLETION} else known or None


def _asked(messages: Sequence[Mapping[str, Any]]) -> Sequence[object]:
    *before, last = messages
    if not _is_answer(last):
        return messages
    answers = _messages.ANSWER_KEYS
    return [before, {key: value for key, value in last.items() if key not in answers}]


def _answer(message: Mapping[str, Any]) -> object:
    """A message's content as it stands, where that is all of its answer; else the answer as text.

    Parts stay parts, so that an image is told from another.
    """
    content = message.get("content")
    if content and not any(message.get(key) for key in ("tool_calls", "function_call")):
        return content
    return _messages.answer_of(message)


def _is_answer(message: Mapping[str, Any]) -> bool:
    return message.get("role") == "assistant"
