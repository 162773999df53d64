"""All formats by name: what they hold, what they are read with and how they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pitchpipe.formatters import ChatFormatter, PreferenceFormatter
from pitchpipe.stages import Formatter
from pitchpipe_formats import alpaca, kto, preference, sharegpt
from pitchpipe_formats.fields import Record, UnfitError
from pitchpipe_formats.formatters import (
    AlpacaFormatter,
    HFPreferenceFormatter,
    ShareGPTFormatter,
)
from pitchpipe_formats.turns import MESSAGES, Turns

CONVERSATIONS, PREFERENCES = "conversations", "preferences"
KTO = "kto"

_TEXTS = ("prompt", "completion")


@dataclass(frozen=True)
class RecordFormat:
    """A format of records.

    Attributes:
        name: what it goes by.
        holds: what its records are; only formats that hold the same are converted to one another.
        required: the columns by which it is told.
        columns: all that it has.
        formatter: makes our records of its rows; KTO rows are paired instead.
        write: makes its rows of one of our records.
    """

    name: str
    holds: str
    required: tuple[str, ...]
    columns: tuple[str, ...]
    formatter: Formatter
    write: Callable[[Record], Iterable[Record]]


def _one(make: Callable[[Record], dict[str, Any]]) -> Callable[[Record], Iterator[Record]]:
    def write(record: Record) -> Iterator[Record]:
        yield make(record)

    return write


def _texts(record: Record) -> dict[str, Any]:
    turns = Turns.of(record)
    if turns.system is not None or len(turns.pairs) != 1:
        raise UnfitError(
            MESSAGES, "expected one question and its answer; prompt and completion hold no more."
        )
    return dict(zip(_TEXTS, turns.pairs[0], strict=True))


_CHAT = (MESSAGES, "tools", "parallel_tool_calls", "functions")
_PREFERENCE = (preference.INPUT, preference.PREFERRED, preference.NON_PREFERRED)

FORMATS: Mapping[str, RecordFormat] = {
    known.name: known
    for known in (
        RecordFormat("chat", CONVERSATIONS, (MESSAGES,), _CHAT, ChatFormatter(), _one(dict)),
        RecordFormat(
            "sharegpt",
            CONVERSATIONS,
            sharegpt.REQUIRED,
            sharegpt.COLUMNS,
            ShareGPTFormatter(),
            _one(sharegpt.write),
        ),
        RecordFormat(
            "alpaca",
            CONVERSATIONS,
            alpaca.REQUIRED,
            alpaca.COLUMNS,
            AlpacaFormatter(),
            _one(alpaca.write),
        ),
        RecordFormat(
            "preference",
            PREFERENCES,
            _PREFERENCE[1:],
            ("prompt", *_PREFERENCE),
            PreferenceFormatter(),
            _one(dict),
        ),
        RecordFormat(
            "hf-preference",
            PREFERENCES,
            preference.REQUIRED,
            preference.COLUMNS,
            HFPreferenceFormatter(),
            _one(preference.write),
        ),
        RecordFormat(
            KTO, PREFERENCES, kto.REQUIRED, kto.REQUIRED, PreferenceFormatter(), kto.write
        ),
        RecordFormat("completion", CONVERSATIONS, _TEXTS, _TEXTS, ChatFormatter(), _one(_texts)),
    )
}
"""By name, in the order in which a table's columns are held against them."""
