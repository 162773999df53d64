"""Whether each record is short enough for the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import orjson
import pandas as pd

from pitchpipe.default_plugins.validators._digests import Ints
from pitchpipe.default_plugins.validators._fields import (
    MESSAGES,
    OUTPUTS,
    TOOLS,
    FormatAware,
    cells,
)
from pitchpipe.default_plugins.validators._flagging import TEXTS
from pitchpipe.default_plugins.validators._places import lowest, rows, unit_of
from pitchpipe.default_plugins.validators.duplicate_rows import DropLines
from pitchpipe.models import model_table
from pitchpipe.records import COMPLETION, Finding, Fix, FixLevel, Severity
from pitchpipe.stages import Scope
from pitchpipe.tables import frame_to_records
from pitchpipe.tokens import DEFAULT_ENCODING, PER_REPLY, bytes_of, count_records

_BYTES_PER_CHARACTER = 4


@dataclass(frozen=True)
class TooLong:
    """The records that are too long.

    Attributes:
        cut: row number and tokens of those of which something is left to learn.
        lost: the same of those whose whole answer would be cut off.
        unit: what row numbers count.
    """

    cut: tuple[tuple[int, int], ...] = ()
    lost: tuple[tuple[int, int], ...] = ()
    unit: str = ""


@dataclass(frozen=True)
class TokenLimit(FormatAware[TooLong]):
    """Finds records of more tokens than the model learns from at a time; the rest is cut off.

    It is cut off at the end, where the answer is. Tokens are counted exactly, in the model's own
    encoding, and only where a record has more bytes than the model takes tokens: no record has more
    tokens than bytes. Of a preference the longer output counts.

    Attributes:
        max_tokens: the most; None for what is known of the model, and if nothing is, for no limit.
        encoding: of its tokens; None for what is known of the model, or else o200k_base,
            which stands in for encodings that cannot be counted here.
        level: whether such records are dropped on request, or only when this rule is named.
    """

    scope: ClassVar[Scope] = "records"
    severity: ClassVar[Severity] = Severity.ERROR
    fixes: ClassVar[bool] = True

    max_tokens: int | None = None
    encoding: str | None = None
    level: FixLevel = "recommended"

    def start(self) -> TooLong:
        """No records."""
        return TooLong()

    def observe(self, state: TooLong, chunk: pd.DataFrame) -> TooLong:
        """Adds the chunk's records."""
        limit, encoding = self._limit(), self._encoding()
        if limit is None:
            return state
        suspects = self._suspects(chunk, limit)
        if not suspects:
            return state
        records = [_example(record) for record in frame_to_records(chunk.iloc[suspects])]
        long = [(at, r) for at, r in zip(suspects, records, strict=True) if bytes_of(r) > limit]
        totals = count_records([record for _, record in long], encoding)
        over = [(*row, total) for row, total in zip(long, totals, strict=True) if total > limit]
        answers = count_records([_answer(record) for _, record, _ in over], encoding)
        cut: list[tuple[int, int]] = []
        lost: list[tuple[int, int]] = []
        for (at, _, total), answer in zip(over, answers, strict=True):
            place = int(chunk.index[at]), total
            (lost if total - answer >= limit else cut).append(place)
        return self.merge(state, TooLong(tuple(cut), tuple(lost), unit_of(chunk)))

    def merge(self, a: TooLong, b: TooLong) -> TooLong:
        """The records of both."""
        return TooLong((*a.cut, *b.cut), (*a.lost, *b.lost), max(a.unit, b.unit))

    def conclude(self, state: TooLong) -> Sequence[Finding]:
        """An error for those whose answer would go, a warning for those that would be cut."""
        found = []
        if state.lost:
            what = "so long that nothing of the answer would be left to learn"
            found.append(self._finding(state.lost, state.unit, Severity.ERROR, what))
        if state.cut:
            what = "too long, so that the end would be cut off"
            found.append(self._finding(state.cut, state.unit, Severity.WARNING, what))
        return found

    def _finding(
        self, places: Sequence[tuple[int, int]], unit: str, severity: Severity, what: str
    ) -> Finding:
        lines: Ints = np.array(sorted(line for line, _ in places), dtype=np.int64)
        own = "is what you set" if self.max_tokens else f"{self._training.model} learns from"
        _, tokens = min(places)
        return Finding(
            "token-limit",
            severity,
            f"{rows(len(places))} {what}",
            count=len(places),
            lines=lowest(lines.tolist()),
            unit=unit,
            expected=f"at most {self._limit()} tokens a record, which {own}; shorten the prompts, "
            "or split the records",
            before=f"{tokens} tokens ({self._encoding()})",
            fix=Fix(f"drop {rows(len(places))}", DropLines(lines), self.level),
        )

    def _limit(self) -> int | None:
        return self.max_tokens or model_table().facts(self._training.model).max_tokens

    def _encoding(self) -> str:
        known = model_table().facts(self._training.model).encoding
        return self.encoding or known or DEFAULT_ENCODING

    def _suspects(self, chunk: pd.DataFrame, limit: int) -> list[int]:
        """Where in a chunk records may have more bytes than the limit."""
        names = (*TEXTS[self._contract.format], *TOOLS)
        columns = [cells(chunk, column) for column in names if column in chunk.columns]
        try:
            sizes = sum(map(_most_bytes, columns), np.full(len(chunk), PER_REPLY, dtype=np.int64))
        except TypeError:  # a number or half a surrogate pair that orjson does not write
            return list(range(len(chunk)))
        suspects: list[int] = np.flatnonzero(sizes > limit).tolist()
        return suspects


def _most_bytes(column: Sequence[Any]) -> Ints:
    """What no cell's words exceed in UTF-8."""
    if set(map(type, column)) == {str}:
        factor = 1 if all(map(str.isascii, column)) else _BYTES_PER_CHARACTER
        return factor * np.fromiter(map(len, column), np.int64, len(column))
    return np.fromiter(map(len, map(orjson.dumps, column)), np.int64, len(column))


def _example(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the model is shown at a time: a conversation alone, and of two outputs the longer."""
    if MESSAGES in record:
        return {name: record[name] for name in (MESSAGES, *TOOLS) if name in record}
    outputs = [name for name in OUTPUTS if name in record]
    if len(outputs) < 2:
        return record
    shorter = min(outputs, key=lambda name: bytes_of({name: record[name]}))
    return {name: value for name, value in record.items() if name != shorter}


def _answer(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is learnt of such an example, as a record: completion, last message or output."""
    if COMPLETION in record:
        return {COMPLETION: record[COMPLETION]}
    messages = record.get(MESSAGES)
    if isinstance(messages, list) and messages:
        return {"last": messages[-1]}
    return {name: record[name] for name in OUTPUTS if name in record}
