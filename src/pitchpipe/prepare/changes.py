"""What fixes do to rows, written down row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import orjson
import pandas as pd

from pitchpipe.records import Change, Fix

SAMPLES = 3
"""How many changes of each rule are kept to be shown."""


@dataclass
class Changes:
    """The changes of some rows.

    Attributes:
        entries: one JSON object a changed or removed row, with where the row is.
        samples: the first few of each rule.
        counts: how many rows each rule changed or removed.
    """

    entries: list[tuple[int, bytes]] = field(default_factory=list)
    samples: dict[str, list[Change]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def apply(self, rule: str, fix: Fix, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk after a fix, whose doings are noted."""
        fixed = fix.apply(chunk)
        self.note(rule, chunk, fixed, each=not fix.uniform)
        return fixed

    def note(self, rule: str, before: pd.DataFrame, after: pd.DataFrame, each: bool = True) -> None:
        """Writes down what became of rows.

        Args:
            rule: whose doing it is.
            before: the rows.
            after: those that are left, perhaps changed.
            each: whether every row is written down, not only the first few for showing.
        """
        removed = before.loc[~before.index.isin(after.index)] if len(after) < len(before) else None
        if removed is not None:
            for change in _removed(rule, removed):
                self._add(change, each)
            before = before.loc[after.index]
        touched = [c for c in after.columns if c in before.columns and _differ(before[c], after[c])]
        if touched:
            for change in _altered(rule, before, after, touched, None if each else SAMPLES):
                self._add(change, each)
            if not each:
                self.counts[rule] = self.counts.get(rule, 0) + len(after) - min(SAMPLES, len(after))

    def log(self) -> bytes:
        """The entries as the change log has them: by row, then in the order of the rules."""
        self.entries.sort(key=itemgetter(0))
        return b"".join([entry for _, entry in self.entries])

    def without_entries(self) -> Changes:
        """The same without the entries of the change log."""
        return Changes([], self.samples, self.counts)

    def extend(self, other: Changes) -> None:
        """Adds the samples and counts of later rows."""
        for rule, samples in other.samples.items():
            kept = self.samples.setdefault(rule, [])
            kept += samples[: SAMPLES - len(kept)]
        for rule, count in other.counts.items():
            self.counts[rule] = self.counts.get(rule, 0) + count

    def _add(self, change: Change, each: bool) -> None:
        self.counts[change.rule] = self.counts.get(change.rule, 0) + 1
        kept = self.samples.setdefault(change.rule, [])
        if len(kept) < SAMPLES:
            kept.append(change)
        if each:
            self.entries.append((change.line, _entry(change)))


def uniform_entry(rule: str, count: int, fix: Fix) -> bytes:
    """The one entry of the change log for a fix that does the same to every row."""
    return _dumps({"rule": rule, "rows": "all", "count": count, "does": fix.description})


def _entry(change: Change) -> bytes:
    return _dumps(
        {
            change.unit: change.line,
            "rule": change.rule,
            "before": change.before,
            "after": change.after,
        }
    )


def _dumps(entry: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(entry, str, orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # a number beyond 64 bits, or half a surrogate pair
        text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"), default=str)
        return f"{text}\n".encode(errors="backslashreplace")


def _removed(rule: str, rows: pd.DataFrame) -> list[Change]:
    unit = str(rows.index.name)
    return [
        Change(unit, int(line), rule, record, None)
        for line, record in zip(rows.index, _records(rows), strict=True)
    ]


def _altered(
    rule: str,
    before: pd.DataFrame,
    after: pd.DataFrame,
    columns: Sequence[str],
    most: int | None,
) -> list[Change]:
    unit = str(after.index.name)
    pairs = zip(
        after.index,
        _records(before[list(columns)]),
        _records(after[list(columns)]),
        strict=True,
    )
    changes = (
        Change(unit, int(line), rule, {c: old[c] for c in apart}, {c: new[c] for c in apart})
        for line, old, new in pairs
        if (apart := [c for c in columns if _is_other(old[c], new[c])])
    )
    if most is None:
        return list(changes)
    return [change for change, _ in zip(changes, range(most), strict=False)]


def _records(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    names = [str(column) for column in rows.columns]
    for values in rows.itertuples(index=False, name=None):
        yield dict(zip(names, values, strict=True))


def _differ(before: pd.Series[Any], after: pd.Series[Any]) -> bool:
    old, new = before.tolist(), after.tolist()
    return old != new or any(map(_is_other, old, new))


def _is_other(old: Any, new: Any) -> bool:
    """Whether a cell is written otherwise, as 1 is than true or 1.0, which are equal in Python."""
    if old is new or old != new:
        return old is not new
    return isinstance(old, list | dict) and repr(old) != repr(new)
