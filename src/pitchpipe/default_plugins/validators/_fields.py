"""What a validator needs to know of the three formats: where the words are."""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from pitchpipe.records import COMPLETION, PROMPT, Contract, Format, TrainingSpec
from pitchpipe.stages import State, Validator

MESSAGES = "messages"
INPUT = "input"
OUTPUTS = ("preferred_output", "non_preferred_output")

ALTERNATIVES: Mapping[Format, tuple[tuple[str, ...], ...]] = {
    "completion": ((PROMPT, COMPLETION),),
    "chat": ((MESSAGES,), (PROMPT, COMPLETION)),
    "preference": ((INPUT, *OUTPUTS), (PROMPT, *OUTPUTS)),
}
"""The columns that records of each format can be made from, the choice of first resort first."""

Bools = npt.NDArray[np.bool_]

_WHITE = re.compile(r"[^\S\x85]+")

TOOLS = ("tools", "parallel_tool_calls", "functions")


class FormatAware(Validator[State]):
    """A validator that knows the contract once it is bound to one; before, it assumes defaults."""

    # what is bound is no option, hence no field, of these frozen dataclasses
    _contract: ClassVar[Contract] = Contract("completion", "completion")
    _training: ClassVar[TrainingSpec] = TrainingSpec()

    def bind(self, contract: Contract, training: TrainingSpec | None = None) -> Self:
        """The same validator, knowing how records are written and what is to be trained."""
        bound = copy.copy(self)
        object.__setattr__(bound, "_contract", contract)
        object.__setattr__(bound, "_training", training or TrainingSpec())
        return bound

    def _option(self, name: str) -> str:
        value = self._contract.options.get(name)
        return value if isinstance(value, str) else ""

    def _is_written(self, prompt: object, completion: object) -> bool:
        """Whether a source row is a record of the completion format already."""
        separator = self._option("separator")
        return (
            self._contract.format == "completion"
            and bool(separator)
            and isinstance(prompt, str)
            and prompt.endswith(separator)
            and prompt.count(separator) == 1
            and isinstance(completion, str)
            and completion.startswith(self._option("prefix"))
            and completion.endswith(self._option("suffix"))
        )


def chosen(record_format: Format, available: Sequence[str] | frozenset[str]) -> tuple[str, ...]:
    """The columns that records are made from, given those that there are.

    Where no alternative is complete, the one that lacks least.
    """

    def lack(columns: tuple[str, ...]) -> tuple[int, int]:
        missing = sum(column not in available for column in columns)
        return missing, missing and missing - len(columns)

    return min(ALTERNATIVES[record_format], key=lack)


def cells(chunk: pd.DataFrame, column: str) -> list[Any]:
    """A column's cells; of a column that is not there, as many times None."""
    if column not in chunk.columns:
        return [None] * len(chunk)
    found: list[Any] = chunk[column].tolist()
    return found


def is_blank(text: str) -> bool:
    """Whether a text is empty or white space alone, which the code 0x85 is not."""
    return not text or (text.isspace() and "\x85" not in text)


def words_of(text: str) -> list[str]:
    """What white space parts in a text.

    The code 0x85, white space to Python, is text as its neighbours are: an ellipsis of
    Windows-1252 that was misread, as those are quotes and dashes.
    """
    return [word for word in _WHITE.split(text) if word]


def is_empty(cell: object) -> bool:
    """Whether a cell holds nothing, an empty list, or nothing but white space."""
    if isinstance(cell, str):
        return is_blank(cell)
    return (
        cell is None
        or cell is pd.NA
        or (isinstance(cell, float) and math.isnan(cell))
        or (isinstance(cell, list | dict) and not cell)
    )


def hollow(values: Sequence[object], blanks: bool = True) -> Bools:
    """Which of some cells are empty, white space counting as nothing or as something."""
    if set(map(type, values)) <= {str} and all(map(str.strip, values) if blanks else values):  # type: ignore[arg-type]
        return np.zeros(len(values), dtype=np.bool_)
    if not blanks:
        return np.array(
            [not cell if type(cell) is str else is_empty(cell) for cell in values], dtype=np.bool_
        )
    return np.array(
        [is_blank(cell) if type(cell) is str else is_empty(cell) for cell in values],
        dtype=np.bool_,
    )


def as_text(cell: object) -> str:
    """A cell as text: anything but text as JSON writes it."""
    return cell if isinstance(cell, str) else json.dumps(cell, sort_keys=True, default=_plain)


def empties(chunk: pd.DataFrame, columns: Iterable[str], blanks: bool = True) -> Bools:
    """The rows in which at least one of the columns is empty."""
    hits = np.zeros(len(chunk), dtype=np.bool_)
    for column in columns:
        hits |= hollow(cells(chunk, column), blanks)
    return hits


def questions(chunk: pd.DataFrame, record_format: Format) -> list[Any]:
    """What is asked in each row, None where nothing is: text, or messages with their tools.

    It reads source rows and records alike. Messages are asked up to a closing one of the model.
    """
    if record_format == "preference" and INPUT in chunk.columns:
        return cells(chunk, INPUT)
    if record_format != "chat" or MESSAGES not in chunk.columns:
        return cells(chunk, PROMPT)
    return [
        [messages[:-1] if _is_answered(messages) else messages, *tools]
        if not is_empty(messages)
        else None
        for messages, *tools in zip(
            *(cells(chunk, column) for column in (MESSAGES, *TOOLS)), strict=True
        )
    ]


def answers(chunk: pd.DataFrame, record_format: Format) -> list[Any]:
    """What should be answered in each row: text, a message that has none, or None for nothing."""
    if record_format == "preference":
        return cells(chunk, OUTPUTS[0])
    if record_format != "chat" or MESSAGES not in chunk.columns:
        return cells(chunk, COMPLETION)
    return [
        (messages[-1].get("content") or messages[-1]) if _is_answered(messages) else None
        for messages in cells(chunk, MESSAGES)
    ]


def _is_answered(messages: object) -> bool:
    if not isinstance(messages, list) or not messages:
        return False
    return isinstance(messages[-1], dict) and messages[-1].get("role") == "assistant"


def _plain(value: object) -> object:
    item = getattr(value, "item", None)
    return item() if callable(item) else str(value)
