"""Conversations, looked over once for all rules about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._fields import (
    INPUT,
    MESSAGES,
    OUTPUTS,
    TOOLS,
    FormatAware,
    as_text,
    cells,
    is_empty,
)
from pitchpipe.default_plugins.validators._places import SHOWN, Places, rows, shortened, unit_of
from pitchpipe.default_plugins.validators._text import text_of
from pitchpipe.formats.conversations import (
    faults_of_chat,
    faults_of_preference,
    is_plain,
    is_plain_preference,
)
from pitchpipe.formats.faults import SAYINGS, RecordFault
from pitchpipe.formats.repairs import REPAIRS, STRUCTURAL, repaired
from pitchpipe.records import Finding, Fix, FixLevel, Format

_PLAIN = frozenset({"system", "developer", "user", "assistant"})
_COLUMNS: Mapping[Format, tuple[str, ...]] = {
    "completion": (),
    "chat": (MESSAGES, *TOOLS),
    "preference": (INPUT, *OUTPUTS),
}

_role, _content, _last = itemgetter("role"), itemgetter("content"), itemgetter(-1)

Part = Literal["learnt", "asked"]


@dataclass(frozen=True)
class Tally:
    """How often something was found.

    Attributes:
        places: in which rows.
        times: how often, counting each time in a row.
    """

    places: Places
    times: int

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.places + other.places, self.times + other.times)


Tallies = Mapping[str, Tally]
"""What was found, by the kind of fault."""


@dataclass(frozen=True)
class Repaired:
    """Writes records as the API takes them, so far as one repair goes.

    Attributes:
        kind: which repair.
        columns: those that a record of the format is made of.
    """

    kind: str
    columns: tuple[str, ...]

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk so written; the same chunk where nothing needs this repair."""
        names = [column for column in self.columns if column in chunk.columns]
        records = _records(chunk, names)
        better = list(map(self._apply, records))
        if all(a is b for a, b in zip(records, better, strict=True)):
            return chunk
        written = {
            name: pd.Series([one.get(name) for one in better], chunk.index, dtype=object)
            for name in names
        }
        return chunk.assign(**written)

    def _apply(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        shaped = record
        for kind in dict.fromkeys((*STRUCTURAL, self.kind)):
            shaped = REPAIRS[kind].apply(shaped)
        return shaped


@dataclass(frozen=True)
class DropFaulty:
    """Drops the rows with one kind of fault.

    Attributes:
        kind: which kind.
        format: the rows' format.
    """

    kind: str
    format: Format

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk without them; the same chunk when there are none."""
        kept = [
            all(fault.kind != self.kind for fault in faults)
            for faults in faults_in(chunk, self.format, "learnt")
        ]
        return chunk if all(kept) else chunk.loc[np.array(kept, dtype=np.bool_)]


class TalkRule(FormatAware[Tallies]):
    """A rule about conversations, whose faults are found together with those of the others.

    What can be repaired is looked over as it will be after all repairs, so that one fault does not
    hide another, and is not told as another.
    """

    rule: ClassVar[str]
    """The rule's id."""

    kinds: ClassVar[tuple[str, ...]]
    """The kinds of fault that it finds."""

    def start(self) -> Tallies:
        """Nothing."""
        return {}

    def observe(self, state: Tallies, chunk: pd.DataFrame) -> Tallies:
        """Adds what is found in the chunk."""
        found = self._found(chunk)
        return self.merge(state, {kind: found[kind] for kind in self.kinds if kind in found})

    def merge(self, a: Tallies, b: Tallies) -> Tallies:
        """What is found in both."""
        return {**a, **{kind: a[kind] + tally if kind in a else tally for kind, tally in b.items()}}

    def conclude(self, state: Tallies) -> Sequence[Finding]:
        """A finding for each kind of fault."""
        return [self._finding(kind, state[kind]) for kind in self.kinds if kind in state]

    def _finding(self, kind: str, tally: Tally) -> Finding:
        """What there is to say of one kind of fault."""
        places, saying = tally.places, SAYINGS[kind]
        repair = REPAIRS.get(kind)
        return Finding(
            self.rule,
            repair.severity if repair else self.severity,
            f"{rows(places.count)} with {saying.found}",
            places.count,
            places.lines,
            places.unit,
            saying.expected,
            places.example,
            fix=self._fix(kind, rows(places.count)),
        )

    def _fix(self, kind: str, count: str) -> Fix | None:
        """The correction of one kind of fault in so many rows; None where there is none."""
        repair = REPAIRS.get(kind)
        if repair is None:
            return None
        apply = Repaired(kind, _COLUMNS[self._contract.format])
        return Fix(f"{repair.remedy} in {count}", apply, self._level(repair.level))

    def _level(self, usual: FixLevel) -> FixLevel:
        """How a fix is applied, given how it usually is."""
        return usual

    def _found(self, chunk: pd.DataFrame) -> Tallies:
        method = self._training.method
        if self._contract.format == "preference":
            return text_of(chunk).once("talks", "pairs", lambda: _of_pairs(chunk))
        if self._contract.format == "completion" or MESSAGES not in chunk.columns:
            return {}
        part: Part = "asked" if method == "reinforcement" else "learnt"
        return text_of(chunk).once("talks", part, lambda: _of_chats(chunk, part))


def with_cells(
    chunk: pd.DataFrame, columns: Iterable[str], change: Callable[[Any], Any]
) -> pd.DataFrame:
    """A chunk with the cells of those columns changed that there are, as a copy."""
    changed = {
        column: pd.Series(list(map(change, cells(chunk, column))), chunk.index, dtype=object)
        for column in columns
        if column in chunk.columns
    }
    return chunk.assign(**changed)


def faults_in(
    chunk: pd.DataFrame, record_format: Format, part: Part
) -> Iterator[list[RecordFault]]:
    """The faults of each row of a chunk, those that can be repaired among them."""
    check = _of_pair if record_format == "preference" else lambda one: _of_chat(one, part)
    for record in _records(chunk, _COLUMNS[record_format]):
        record, faults = repaired(record)
        yield [*faults, *check(record)]


def _records(chunk: pd.DataFrame, columns: Sequence[str]) -> list[Mapping[str, Any]]:
    rows_of_cells = zip(*(cells(chunk, column) for column in columns), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows_of_cells]


def _of_chats(chunk: pd.DataFrame, part: Part) -> Tallies:
    talks, tools = cells(chunk, MESSAGES), [cells(chunk, key) for key in TOOLS]
    bare = all(set(map(type, column)) <= {type(None)} for column in tools)
    end = "assistant" if part == "learnt" else "user"
    if bare and _are_plain(talks, end):
        return {}
    plain = [bare and is_plain(talk, end) for talk in talks]
    return _of_rows(chunk, plain, "chat", part)


def _of_pairs(chunk: pd.DataFrame) -> Tallies:
    pairs = zip(*(cells(chunk, column) for column in (INPUT, *OUTPUTS)), strict=True)
    return _of_rows(chunk, [is_plain_preference(*pair) for pair in pairs], "preference", "learnt")


def _of_rows(
    chunk: pd.DataFrame, plain: Sequence[bool], record_format: Format, part: Part
) -> Tallies:
    """The faults of those rows of a chunk that are not plain."""
    if all(plain):
        return {}
    others = chunk.loc[[not one for one in plain]]
    found = faults_in(others, record_format, part)
    return _tallied(chunk, (() if one else next(found) for one in plain))


def _of_chat(record: Mapping[str, Any], part: Part) -> Iterator[RecordFault]:
    for fault in faults_of_chat(record[MESSAGES], record, part):
        if not is_empty(record[MESSAGES]) or not fault.where.startswith(MESSAGES):
            yield fault  # of empty cells another rule speaks


def _of_pair(record: Mapping[str, Any]) -> Iterator[RecordFault]:
    given, better, worse = (record[column] for column in (INPUT, *OUTPUTS))
    if not isinstance(given, dict):
        given = {MESSAGES: _written(given, "user")}
    # of empty cells another rule speaks
    empty = tuple(column for column, cell in record.items() if is_empty(cell))
    outputs = (_written(output, "assistant") for output in (better, worse))
    for fault in faults_of_preference(given, *outputs):
        if not fault.where.startswith(empty):
            yield fault


def _written(cell: Any, role: str) -> Any:
    """A cell as the formatter writes it: texts, numbers and booleans as a message."""
    return cell if isinstance(cell, list | dict) else [{"role": role, "content": as_text(cell)}]


def _are_plain(talks: list[Any], end: str) -> bool:
    """Whether nothing is at fault, all messages being a role and a text, the last by ``end``."""
    if set(map(type, talks)) != {list} or not all(talks):
        return False
    messages = list(chain.from_iterable(talks))
    if set(map(type, messages)) != {dict} or set(map(len, messages)) != {2}:
        return False
    try:
        roles = list(map(_role, messages))
        return (
            set(map(type, map(_content, messages))) == {str} == set(map(type, roles))
            and set(roles) <= _PLAIN
            and set(map(_role, map(_last, talks))) == {end}
            and all(map(str.strip, map(_content, messages)))
        )
    except KeyError:
        return False


def _tallied(chunk: pd.DataFrame, rows: Iterable[Iterable[RecordFault]]) -> Tallies:
    unit = unit_of(chunk)
    first: dict[str, dict[int, str]] = {}
    count: dict[str, int] = {}
    times: dict[str, int] = {}
    for line, faults in zip(chunk.index, rows, strict=True):
        here: dict[str, object] = {}
        for kind, example, _ in faults:
            times[kind] = times.get(kind, 0) + 1
            here.setdefault(kind, example)
        for kind, example in here.items():
            count[kind] = count.get(kind, 0) + 1
            if count[kind] <= SHOWN:
                first.setdefault(kind, {})[int(line)] = shortened(example)
    return {
        kind: Tally(Places(count[kind], tuple(first[kind].items()), unit), times[kind])
        for kind in count
    }
