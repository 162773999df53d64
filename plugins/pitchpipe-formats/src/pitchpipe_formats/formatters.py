"""Formatters: tables of other tools' records are trained on as they are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.formatters import ChatFormatter, PreferenceFormatter
from pitchpipe.records import Contract, Format, Request
from pitchpipe.stages import Formatter, FormatterCapabilities
from pitchpipe_formats import alpaca, preference, sharegpt
from pitchpipe_formats.fields import Record, each
from pitchpipe_formats.turns import MESSAGES


@dataclass(frozen=True)
class _Conversations(Formatter):
    """What formatters have in common that write chat records: they are asked as the core's are."""

    format: ClassVar[Format] = "chat"

    system: str | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuses stops that the API does not take."""
        self._chat()

    @abstractmethod
    def _read(self, chunk: pd.DataFrame) -> dict[str, list[Any]]:
        """The columns of the records that the rows of a chunk come to."""

    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """Source rows to ``messages``, perhaps with tools; rows of messages pass as they are.

        Raises:
            DataError: a field is missing or of the wrong kind; names its line.
        """
        if MESSAGES in chunk.columns:
            return self._chat().apply(chunk)
        return pd.DataFrame(self._read(chunk), index=chunk.index, dtype=object)

    def is_formatted(self, chunk: pd.DataFrame) -> bool:
        """Whether every row holds messages."""
        return self._chat().is_formatted(chunk)

    def request(self, record: Mapping[str, Any]) -> Request:
        """What to send for the closing message."""
        return self._chat().request(record)

    def reference(self, record: Mapping[str, Any]) -> str | None:
        """The closing message's text; None where the model does not speak last."""
        return self._chat().reference(record)

    def questions(self, records: pd.DataFrame) -> Sequence[Any]:
        """All messages but a closing answer, and the tools."""
        return self._chat().questions(records)

    def answers(self, records: pd.DataFrame) -> Sequence[Any]:
        """The closing answers' contents."""
        return self._chat().answers(records)

    def parse(self, answer: str) -> str:
        """The answer word for word."""
        return answer

    def contract(self, name: str, labels: Sequence[str] = ()) -> Contract:
        """All of it that prediction needs."""
        made = self._chat().contract(name, labels)
        options = asdict(self) | {"stop": list(self.stop), "max_tokens": made.max_tokens}
        return replace(made, options=options)

    def _chat(self) -> ChatFormatter:
        return ChatFormatter(self.system, max_tokens=self.max_tokens, stop=self.stop)


@dataclass(frozen=True)
class AlpacaFormatter(_Conversations):
    """Reads ``instruction``, ``input`` and ``output``, with ``system`` and ``history`` if any.

    Instruction and input become one message of the user, a line each. Rows without an output are
    asked about.

    Attributes:
        system: begins conversations that have no system text of their own.
        max_tokens: the most tokens of an answer; None leaves it to the service, but for labels.
        stop: strings at which the service ends an answer.
    """

    @property
    def capabilities(self) -> FormatterCapabilities:
        """The output is the answer."""
        return FormatterCapabilities(answers=(alpaca.OUTPUT,), reads=alpaca.COLUMNS)

    def required_columns(self, available: Sequence[str]) -> tuple[str, ...]:
        """Only ``messages`` where there are any, else the instruction and the output."""
        return (MESSAGES,) if MESSAGES in available else alpaca.REQUIRED

    def _read(self, chunk: pd.DataFrame) -> dict[str, list[Any]]:
        answers = alpaca.OUTPUT in chunk.columns
        return {MESSAGES: each(chunk, lambda row: alpaca.read(row, self.system, answers))}


@dataclass(frozen=True)
class ShareGPTFormatter(_Conversations):
    """Reads ``conversations`` of turns that say who they are from, with ``system`` and ``tools``.

    Calls of tools and what these answered become messages of ours. A turn's ``weight``, or its
    ``train`` or ``loss`` of true or false, becomes the message's weight.

    Attributes:
        system: begins conversations that have no system text of their own.
        max_tokens: the most tokens of an answer; None leaves it to the service, but for labels.
        stop: strings at which the service ends an answer.
    """

    @property
    def capabilities(self) -> FormatterCapabilities:
        """Answers are turns among the others."""
        return FormatterCapabilities(answers=(), reads=sharegpt.COLUMNS)

    def required_columns(self, available: Sequence[str]) -> tuple[str, ...]:
        """Only ``messages`` where there are any, else the conversations."""
        return (MESSAGES,) if MESSAGES in available else sharegpt.REQUIRED

    def left_out(self, chunk: pd.DataFrame) -> Sequence[str]:
        """The keys of turns that messages have no place for."""
        if MESSAGES in chunk.columns or sharegpt.CONVERSATIONS not in chunk.columns:
            return ()
        column = sharegpt.CONVERSATIONS
        keys = (key for turns in chunk[column].tolist() for key in sharegpt.left_out(turns))
        return [f"{column}[].{key}" for key in dict.fromkeys(keys)]

    def _read(self, chunk: pd.DataFrame) -> dict[str, list[Any]]:
        made = each(chunk, lambda row: sharegpt.read(row, self.system))
        columns = [key for key in (MESSAGES, sharegpt.TOOLS) if key in (MESSAGES, *chunk.columns)]
        return {column: [record.get(column) for record in made] for column in columns}


@dataclass(frozen=True)
class HFPreferenceFormatter(PreferenceFormatter):
    """Reads ``chosen`` and ``rejected``, with ``prompt`` and ``tools`` if any, text or messages.

    Without a prompt it is what both answers begin with.

    Attributes:
        system: the message that begins each input made from text.
        max_tokens: the most tokens of an answer; None leaves it to the service.
        stop: strings at which the service ends an answer.
    """

    @property
    def capabilities(self) -> FormatterCapabilities:
        """The chosen answer is the one to learn."""
        return FormatterCapabilities(answers=preference.REQUIRED, reads=preference.COLUMNS)

    def required_columns(self, available: Sequence[str]) -> tuple[str, ...]:
        """Both answers, or those of our records where the rows are such."""
        return super().required_columns(available) if _is_ours(available) else preference.REQUIRED

    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """Source rows to our three columns; without answers, to ``input`` alone.

        Raises:
            DataError: a field is missing or of the wrong kind; names its line.
        """
        if _is_ours(chunk.columns):
            return super().apply(chunk)

        def read(row: Record) -> dict[str, Any]:
            return preference.read(row, self.system, answers)

        answers = not {preference.CHOSEN, preference.REJECTED}.isdisjoint(chunk.columns)
        made = each(chunk, read)
        keys = (preference.INPUT, preference.PREFERRED, preference.NON_PREFERRED)
        columns = {key: [row.get(key) for row in made] for key in (keys if answers else keys[:1])}
        return pd.DataFrame(columns, index=chunk.index, dtype=object)


def _is_ours(columns: Container[str]) -> bool:
    return preference.INPUT in columns and preference.CHOSEN not in columns
