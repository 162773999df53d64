"""Alpaca: an instruction, perhaps an input to it, and the output."""

from __future__ import annotations

from typing import Any

from pitchpipe_formats.fields import Message, Record, UnfitError, said, shown, text
from pitchpipe_formats.turns import Turns, conversation

INSTRUCTION, INPUT, OUTPUT = "instruction", "input", "output"
SYSTEM, HISTORY = "system", "history"
REQUIRED = (INSTRUCTION, OUTPUT)
COLUMNS = (INSTRUCTION, INPUT, OUTPUT, SYSTEM, HISTORY)


def read(record: Record, system: str | None, answers: bool) -> list[Message]:
    """The messages of an Alpaca record.

    Args:
        record: its fields.
        system: begins conversations that have no system text of their own.
        answers: whether to end on the output.

    Raises:
        UnfitError: a field is missing or of the wrong kind.
    """
    parts = [text(record, INSTRUCTION), text(record, INPUT) if INPUT in record else ""]
    own = text(record, SYSTEM) if SYSTEM in record else ""
    asked = "\n".join(filter(None, parts))
    found = conversation(own or system, _history(record.get(HISTORY)), asked)
    return [*found, said("assistant", text(record, OUTPUT))] if answers else found


def write(record: Record) -> dict[str, Any]:
    """The Alpaca record of a chat record.

    Raises:
        UnfitError: it is more than turns of text.
    """
    turns = Turns.of(record)
    *before, (asked, answered) = turns.pairs
    made: dict[str, Any] = {INSTRUCTION: asked, INPUT: "", OUTPUT: answered}
    if turns.system is not None:
        made[SYSTEM] = turns.system
    if before:
        made[HISTORY] = [list(pair) for pair in before]
    return made


def _history(value: object) -> list[tuple[str, str]]:
    if value is None:
        return []
    if isinstance(value, list) and all(
        isinstance(pair, list | tuple)
        and len(pair) == 2
        and all(isinstance(part, str) for part in pair)
        for pair in value
    ):
        return [(asked, answered) for asked, answered in value]
    raise UnfitError(HISTORY, f"expected a list of pairs of texts; found {shown(value)}.")
