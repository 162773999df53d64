"""Which column holds conversations, and whose format they are in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.columns.exports.answers import loaded
from pitchpipe.columns.exports.base import Export, Row, Unfit
from pitchpipe.columns.names import words_of
from pitchpipe.columns.shapes import filled
from pitchpipe.errors import DataError

MESSAGES = "messages"
_SHAREGPT = "conversations"
_NAMES = (MESSAGES, _SHAREGPT, "conversation", "dialogue", "dialog", "chat", "turns")
_SYSTEM = (["system"], ["system", "prompt"], ["system", "message"])
_SYSTEM_ROLES = ("system", "developer")


@dataclass(frozen=True)
class SystemBeside(Export):
    """Messages whose system text stands in a column of its own, as in requests to Anthropic.

    Attributes:
        messages: the column of the messages.
        system: the column of the system texts.
    """

    title: ClassVar[str] = "a table of conversations"

    messages: str = MESSAGES
    system: str = "system"

    @classmethod
    def recognised(
        cls, table: str, sample: pd.DataFrame, answers: bool, messages: str = MESSAGES
    ) -> SystemBeside | None:
        """Told by the name of the column of system texts."""
        for name in map(str, sample.columns):
            if words_of(name) in _SYSTEM and filled(sample[name].tolist()):
                return cls(table, answers, messages, name)
        return None

    def consumed(self, columns: Sequence[str]) -> frozenset[str]:
        """The system texts; the messages stay."""
        return frozenset(column for column in columns if column == self.system)

    def passes_on(self, column: str) -> bool:
        """All columns but that of the system texts."""
        return column != self.system

    def given(self, row: Row) -> dict[str, Any]:
        """The row with the system text in front of its messages."""
        begun = self._begun(row)
        rest = {name: cell for name, cell in row.items() if self.passes_on(name)}
        return rest if begun is None else {**rest, self.messages: begun}

    def labels(self, row: Row) -> dict[str, Any]:
        """Nothing more.

        Raises:
            Unfit: the system text is none, or the messages begin with another.
        """
        text, first = row.get(self.system), self._first(row)
        if text in (None, "", []):
            return {}
        if self._content(text) is None:
            raise Unfit(f"with no text in {self.system!r}", "text, or a list of text parts", text)
        if first.get("role") in _SYSTEM_ROLES and first.get("content") != self._content(text):
            raise Unfit(
                f"with one system text in {self.system!r} and another in {self.messages!r}",
                f"one of them; take the other out, or rename the column {self.system!r}",
                text,
            )
        return {}

    def _begun(self, row: Row) -> list[Any] | None:
        content, messages = self._content(row.get(self.system)), loaded(row.get(self.messages))
        if not content or not isinstance(messages, list):
            return None
        if self._first(row).get("role") in _SYSTEM_ROLES:
            return None
        return [{"role": "system", "content": content}, *messages]

    def _first(self, row: Row) -> Mapping[str, Any]:
        return next(iter(_turns(loaded(row.get(self.messages)))), {})

    def _content(self, cell: object) -> str | list[dict[str, str]] | None:
        if isinstance(cell, str):
            return cell
        parts = cell if isinstance(cell, list) else [None]
        texts = [part.get("text") if isinstance(part, Mapping) else part for part in parts]
        found = [text for text in texts if isinstance(text, str)]
        return [{"type": "text", "text": t} for t in found] if len(found) == len(texts) else None


def check_all_wanted(table: str, sample: pd.DataFrame, column: str) -> None:
    """Whether a column says that some conversations are not to be learnt, as KTO's label does.

    Conversations that end on a question have no answer that could be unwanted.

    Raises:
        DataError: it does.
    """
    ends = [turns[-1].get("role") for cell in sample[column] if (turns := _turns(loaded(cell)))]
    if not ends or any(end == "user" for end in ends):
        return
    for name in map(str, sample.columns):
        said = {str(cell).casefold() for cell in filled(sample[name].tolist())}
        if words_of(name) == ["label"] and said and said <= {"true", "false"}:
            raise DataError(
                f"{table}: {name!r} says of every conversation whether it is wanted (as in KTO), "
                "and training would take them all. Expected wanted conversations only; drop the "
                f"other rows and the column {name!r}. If it means something else, rename the "
                "column."
            )


def conversation_column(table: str, sample: pd.DataFrame) -> str | None:
    """The column of messages with roles; None where there is none.

    A column called ``messages`` that holds plain text is none.

    Raises:
        DataError: conversations are in another format; says which, and what reads it.
    """
    by_name = {" ".join(words_of(str(name))): str(name) for name in reversed(sample.columns)}
    if MESSAGES in sample.columns:
        by_name[MESSAGES] = MESSAGES
    for name in _NAMES:
        column = by_name.get(name)
        if column is None:
            continue
        cells = [loaded(cell) for cell in filled(sample[column].tolist())]
        if name == MESSAGES and all(isinstance(cell, list | dict) for cell in cells):
            return column
        if any(map(_is_sharegpt, cells)):
            raise _sharegpt(table, column)
        if cells and all(map(_has_roles, cells)):
            return column
    return None


def _turns(cell: object) -> list[Mapping[str, Any]]:
    return [turn for turn in cell if isinstance(turn, Mapping)] if isinstance(cell, list) else []


def _has_roles(cell: object) -> bool:
    return any("role" in turn for turn in _turns(cell))


def _is_sharegpt(cell: object) -> bool:
    return any({"from", "value"} <= turn.keys() for turn in _turns(cell))


def _sharegpt(table: str, column: str) -> DataError:
    rename = "" if column == _SHAREGPT else f"rename the column to {_SHAREGPT!r} and "
    return DataError(
        f"{table}: column {column!r} holds ShareGPT conversations (turns with 'from' and 'value'). "
        f"Expected messages with 'role' and 'content'; {rename}pass --format sharegpt, which reads "
        "them (pip install pitchpipe-formats)."
    )
