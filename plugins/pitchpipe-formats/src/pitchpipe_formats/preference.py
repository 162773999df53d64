"""Hugging Face preference records: a prompt, the answer chosen and the one rejected."""

from __future__ import annotations

import json
import re
from itertools import takewhile
from operator import eq
from typing import Any

from pitchpipe_formats.fields import Message, Record, UnfitError, messages, said, text
from pitchpipe_formats.tools import as_tools
from pitchpipe_formats.turns import refuse_others

PROMPT, CHOSEN, REJECTED, TOOLS = "prompt", "chosen", "rejected", "tools"
REQUIRED = (CHOSEN, REJECTED)
COLUMNS = (PROMPT, CHOSEN, REJECTED, TOOLS)
_SAID = (PROMPT, CHOSEN, REJECTED)

INPUT, PREFERRED, NON_PREFERRED = "input", "preferred_output", "non_preferred_output"


def read(record: Record, system: str | None, answers: bool = True) -> dict[str, Any]:
    """Our preference record of theirs.

    Args:
        record: its fields; without a prompt, it is what both answers begin with.
        system: begins inputs that are made from text.
        answers: whether there are any; else it is the input alone.

    Raises:
        UnfitError: a field is missing or of the wrong kind, or the answers share no beginning.
    """
    record = {name: _structured(cell) if name in _SAID else cell for name, cell in record.items()}
    if not answers:
        return {INPUT: _input(record, record.get(PROMPT), system)}
    fields = dict(record) if PROMPT in record else _parted(record)
    given = _input(record, fields[PROMPT], system)
    return {
        INPUT: given,
        PREFERRED: _after(given["messages"], answer(fields, CHOSEN)),
        NON_PREFERRED: _after(given["messages"], answer(fields, REJECTED)),
    }


def write(record: Record) -> dict[str, Any]:
    """Their record of our preference record, in messages.

    Raises:
        UnfitError: the input holds more than messages and tools.
    """
    given = record[INPUT]
    refuse_others(given, ("messages", TOOLS))
    made = {
        PROMPT: given["messages"],
        CHOSEN: record[PREFERRED],
        REJECTED: record[NON_PREFERRED],
    }
    return made | ({TOOLS: given[TOOLS]} if given.get(TOOLS) else {})


def asked(record: Record, column: str, system: str | None) -> list[Message]:
    """A prompt as messages, be it text or messages.

    Raises:
        UnfitError: it is neither.
    """
    if isinstance(record.get(column), list):
        return messages(record[column], column)
    start = [] if system is None else [said("system", system)]
    return [*start, said("user", text(record, column))]


def answer(record: Record, column: str) -> list[Message]:
    """An answer as messages, be it text or messages.

    Raises:
        UnfitError: it is neither.
    """
    if isinstance(record.get(column), list):
        return messages(record[column], column)
    return [said("assistant", text(record, column))]


def _input(record: Record, prompt: object, system: str | None) -> dict[str, Any]:
    tools = as_tools(record.get(TOOLS), TOOLS)
    made = {"messages": asked({PROMPT: prompt}, PROMPT, system)}
    return made | ({TOOLS: tools} if tools else {})


def _structured(cell: object) -> object:
    """The messages that a text is the JSON of; any other cell as it is."""
    if not isinstance(cell, str) or not cell.lstrip().startswith("["):
        return cell
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        return cell
    found = isinstance(value, list) and all(isinstance(m, dict) and "role" in m for m in value)
    return value if found and value else cell


def _after(asked: list[Message], said_: list[Message]) -> list[Message]:
    """An answer without the messages of the prompt, which some files repeat before it."""
    asked = [message for message in asked if message["role"] != "system" or message in said_]
    return said_[len(asked) :] if said_[: len(asked)] == asked and said_[len(asked) :] else said_


def _parted(record: Record) -> dict[str, Any]:
    """The fields of a record whose prompt is the beginning that both answers share."""
    chosen: Any = record.get(CHOSEN)
    rejected: Any = record.get(REJECTED)
    in_messages = isinstance(chosen, list) and isinstance(rejected, list)
    if not in_messages:
        chosen, rejected = text(record, CHOSEN), text(record, REJECTED)
    same = sum(takewhile(bool, map(eq, chosen, rejected)))
    if not in_messages:
        same = _whole_words(chosen[:same])
    if not same:
        raise UnfitError(CHOSEN, "there is no prompt, and the answers share no beginning.")
    if same in (len(chosen), len(rejected)):
        raise UnfitError(CHOSEN, "there is no prompt, and one answer is all of the other's start.")
    return {PROMPT: chosen[:same], CHOSEN: chosen[same:], REJECTED: rejected[same:]}


def _whole_words(prefix: str) -> int:
    """How long a common beginning is without its last word, which may be half of two."""
    match = re.match(r"(?s)(.*\S)\s", prefix)
    return len(match[1]) if match else 0
