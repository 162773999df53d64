"""Whether each record is short enough for the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._digests import Ints
from pitchpipe.default_plugins.validators._fields import MESSAGES, OUTPUTS, FormatAware
from pitchpipe.default_plugins.validators._flagging import TEXTS
from pitchpipe.default_plugins.validators._places import lowest, rows, unit_of
from pitchpipe.default_plugins.validators._text import text_of
from pitchpipe.default_plugins.validators.duplicate_rows import DropLines
from pitchpipe.models import model_table
from pitchpipe.records import COMPLETION, Finding, Fix, FixLevel, Severity
from pitchpipe.stages import Scope
from pitchpipe.tables import frame_to_records
from pitchpipe.tokens import bytes_of, count_records

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
    tokens than bytes.

    Attributes:
        max_tokens: the most; None for what is known of the model.
        encoding: of its tokens; None for what is known of the model.
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
        facts = model_table().facts(self._training.model)
        limit, encoding = self.max_tokens or facts.max_tokens, self.encoding or facts.encoding
        if limit is None or encoding is None or not self._may_exceed(chunk, limit):
            return state
        records = list(frame_to_records(chunk))
        long = [at for at, record in enumerate(records) if bytes_of(record) > limit]
        counts = count_records([records[at] for at in long], encoding)
        over = {at: total for at, total in zip(long, counts, strict=True) if total > limit}
        answers = count_records([_answer(records[at]) for at in over], encoding)
        cut: list[tuple[int, int]] = []
        lost: list[tuple[int, int]] = []
        for (at, total), answer in zip(over.items(), answers, strict=True):
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
        limit = self.max_tokens or model_table().facts(self._training.model).max_tokens
        _, tokens = min(places)
        return Finding(
            "token-limit",
            severity,
            f"{rows(len(places))} {what}",
            count=len(places),
            lines=lowest(lines.tolist()),
            unit=unit,
            expected=f"at most {limit} tokens a record, which is what {self._training.model} "
            "learns from; shorten the prompts, or split the records",
            before=f"{tokens} tokens",
            fix=Fix(f"drop {rows(len(places))}", DropLines(lines), self.level),
        )

    def _may_exceed(self, chunk: pd.DataFrame, limit: int) -> bool:
        text = text_of(chunk)
        columns = [column for column in TEXTS[self._contract.format] if column in chunk.columns]
        longest = sum(max(map(len, text.cells(column)), default=0) for column in columns)
        # structures hold a little more than their words
        return _BYTES_PER_CHARACTER * longest > (limit // 2 if MESSAGES in columns else limit)


def _answer(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is learnt of a record, as a record: its completion, last message or shorter output."""
    if COMPLETION in record:
        return {COMPLETION: record[COMPLETION]}
    messages = record.get(MESSAGES)
    if isinstance(messages, list) and messages:
        return {"last": messages[-1]}
    outputs = [{column: record[column]} for column in OUTPUTS if column in record]
    return min(outputs, key=bytes_of, default={})
