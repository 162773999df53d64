"""Pairs of answers, one preferred to the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.default_plugins.formatters import _messages
from pitchpipe.default_plugins.formatters._cells import (
    check_stops,
    column_cells,
    text_of,
)
from pitchpipe.records import PROMPT, Contract, Format, Request
from pitchpipe.stages import Formatter

INPUT = "input"
PREFERRED = "preferred_output"
NON_PREFERRED = "non_preferred_output"


@dataclass(frozen=True)
class PreferenceFormatter(Formatter):
    """Writes ``input``, ``preferred_output`` and ``non_preferred_output``.

    The input may be text, a list of messages or ``{"messages": [...]}`` with tools; an output may
    be text or a list of messages. ``prompt`` serves as the input where there is no column of that
    name.

    Attributes:
        system: the message that begins each input made from text.
        max_tokens: the most tokens of an answer; None leaves it to the service.
        stop: strings at which the service ends an answer.
    """

    format: ClassVar[Format] = "preference"

    system: str | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuses stops that the API does not take."""
        check_stops(self.stop)

    def required_columns(self, available: Sequence[str]) -> tuple[str, ...]:
        """The input, under either name, and both outputs."""
        return (_input_column(available), PREFERRED, NON_PREFERRED)

    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """Source rows to the three columns; without a preferred output, to ``input`` alone.

        Numbers and booleans become text as JSON writes them.

        Raises:
            DataError: a cell is empty, or neither text nor messages; names its line.
        """
        source = _input_column(chunk.columns.tolist())
        records: dict[str, Sequence[object]] = {INPUT: self._inputs(chunk, source)}
        if PREFERRED in chunk.columns:
            for column in (PREFERRED, NON_PREFERRED):
                records[column] = _outputs(chunk, column)
        return pd.DataFrame(records, index=chunk.index, dtype=object)

    def is_formatted(self, chunk: pd.DataFrame) -> bool:
        """Whether every row holds messages in all three columns."""
        if not {INPUT, PREFERRED, NON_PREFERRED} <= set(chunk.columns):
            return False
        return all(
            isinstance(given, Mapping)
            and all(map(_messages.is_messages, (given.get("messages"), good, bad)))
            for given, good, bad in zip(
                *(column_cells(chunk, column) for column in (INPUT, PREFERRED, NON_PREFERRED)),
                strict=True,
            )
        )

    def request(self, record: Mapping[str, Any]) -> Request:
        """What to send for the preferred output: the input."""
        given = record[INPUT]
        return _messages.chat_request(given["messages"], given, self.stop, self.max_tokens)

    def reference(self, record: Mapping[str, Any]) -> str | None:
        """What the preferred output answers, as for conversations; None where that is nothing."""
        preferred = record.get(PREFERRED)
        return _messages.answer_of(preferred[-1]) if preferred else None

    def questions(self, records: pd.DataFrame) -> Sequence[Any]:
        """The inputs."""
        return column_cells(records, INPUT)

    def answers(self, records: pd.DataFrame) -> Sequence[Any]:
        """Both outputs, neither of which is a label."""
        return list(
            zip(*(column_cells(records, c) for c in (PREFERRED, NON_PREFERRED)), strict=True)
        )

    def parse(self, answer: str) -> str:
        """The answer word for word: formatting adds nothing to it."""
        return answer

    def contract(self, name: str, labels: Sequence[str] = ()) -> Contract:
        """All of it that prediction needs."""
        options = asdict(self) | {"stop": list(self.stop)}
        return Contract(
            self.format, name, options, tuple(sorted(labels)), self.stop, self.max_tokens
        )

    def _inputs(self, chunk: pd.DataFrame, column: str) -> list[Mapping[str, Any]]:
        inputs: list[Mapping[str, Any]] = []
        for row, cell in zip(chunk.index, column_cells(chunk, column), strict=True):
            if isinstance(cell, Mapping):
                _messages.checked(cell.get("messages"), chunk, row, column)
                inputs.append(cell)
            elif isinstance(cell, list):
                inputs.append({"messages": _messages.checked(cell, chunk, row, column)})
            else:
                text = text_of(cell, chunk, row, column)
                inputs.append({"messages": _messages.asked(self.system, text)})
        return inputs


def _input_column(available: Sequence[str]) -> str:
    return PROMPT if INPUT not in available and PROMPT in available else INPUT


def _outputs(chunk: pd.DataFrame, column: str) -> list[list[_messages.Message]]:
    return [
        _messages.checked(cell, chunk, row, column)
        if isinstance(cell, list)
        else [_messages.answered(text_of(cell, chunk, row, column))]
        for row, cell in zip(chunk.index, column_cells(chunk, column), strict=True)
    ]
