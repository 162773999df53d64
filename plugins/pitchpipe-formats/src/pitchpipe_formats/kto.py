"""KTO records: a prompt, one answer, and whether it was good; unpaired, ours being pairs."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from typing import Any

import pandas as pd

from pitchpipe_formats.fields import Message, Record, UnfitError, each, shown
from pitchpipe_formats.preference import (
    INPUT,
    NON_PREFERRED,
    PREFERRED,
    PROMPT,
    answer,
    asked,
)
from pitchpipe_formats.turns import refuse_others

COMPLETION, LABEL = "completion", "label"
REQUIRED = (PROMPT, COMPLETION, LABEL)

_OUTPUTS = (PREFERRED, NON_PREFERRED)
_LABELS = {"true": True, "false": False}

Judged = tuple[list[Message], list[Message], bool]
"""A prompt, an answer to it, and whether it was good."""


class Pairing:
    """Puts good and bad answers to the same prompt together, each with the first that is left.

    It remembers the answers that have no counterpart yet.
    """

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, bool], deque[tuple[int, list[Message]]]] = {}

    def pairs(self, chunk: pd.DataFrame) -> Iterator[tuple[int, dict[str, Any]]]:
        """The preference records that the rows of a chunk complete, each with its row's place.

        Raises:
            DataError: a row is no KTO record; names its place.
        """
        judged = each(chunk, read)
        for place, (prompt, said, good) in zip(map(int, chunk.index), judged, strict=True):
            key = json.dumps(prompt, sort_keys=True)
            others = self._waiting.get((key, not good))
            if not others:
                self._waiting.setdefault((key, good), deque()).append((place, said))
                continue
            _, other = others.popleft()
            preferred, not_preferred = (said, other) if good else (other, said)
            pair = (preferred, not_preferred)
            yield place, {INPUT: {"messages": prompt}} | dict(zip(_OUTPUTS, pair, strict=True))

    @property
    def left(self) -> tuple[int, ...]:
        """The places of the rows that no other completes, ascending."""
        return tuple(sorted(place for rows in self._waiting.values() for place, _ in rows))


def read(record: Record) -> Judged:
    """What a KTO record says.

    Raises:
        UnfitError: a field is missing or of the wrong kind.
    """
    label = record.get(LABEL)
    good = _LABELS.get(label.lower()) if isinstance(label, str) else label
    if not isinstance(good, bool):
        raise UnfitError(LABEL, f"expected true or false; found {shown(label)}.")
    return asked(record, PROMPT, None), answer(record, COMPLETION), good


def write(record: Record) -> Iterator[dict[str, Any]]:
    """Both answers of our preference record, each as a row of its own.

    Raises:
        UnfitError: the input holds more than messages.
    """
    refuse_others(record[INPUT], ("messages",))
    prompt = record[INPUT]["messages"]
    yield {PROMPT: prompt, COMPLETION: record[PREFERRED], LABEL: True}
    yield {PROMPT: prompt, COMPLETION: record[NON_PREFERRED], LABEL: False}
