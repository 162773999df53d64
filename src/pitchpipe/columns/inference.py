"""Which column is the prompt and which the answer, where the user names neither."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from pitchpipe.columns.names import PLAIN, SETTING, Meaning, meaning_of, words_of
from pitchpipe.columns.shapes import distinct, filled, is_few, oddity
from pitchpipe.errors import DataError, UnclearColumnsError
from pitchpipe.listing import listed
from pitchpipe.records import COMPLETION, GROUP, PROMPT

JOINED: Sequence[tuple[str, str]] = (
    ("instruction", "input"),
    ("instruction", "context"),
    *((text, "question") for text in ("context", "paragraph", "document", "article", "text")),
    ("context", "query"),
    ("context", "prompt"),
)
"""Columns that are one prompt together, in the order in which they are read.

Alpaca has an instruction and its input, Dolly an instruction and its context, SQuAD a context and a
question about it.
"""

_ASKED = {PROMPT: "prompt", COMPLETION: "answer"}
_MAX_LISTED = 50
_MOST_NAMED = 8
_LONG_NAME = 40
_MANY_WORDS = 4


@dataclass(frozen=True)
class Roles:
    """The parts that columns have.

    Attributes:
        rename: the column of each part.
        joined: the columns whose texts follow the prompt's.
        notes: how they were found, in sentences.
    """

    rename: Mapping[str, str]
    joined: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column of a table's first rows.

    Attributes:
        name: as the table has it.
        cells: its values.
    """

    name: str
    cells: list[Any] = field(repr=False)

    @cached_property
    def meaning(self) -> Meaning:
        """What its name says."""
        found = meaning_of(self.name)
        return PLAIN if found.kind == "answer" and not found.exact and self.is_sentence else found

    @cached_property
    def oddity(self) -> str:
        """Why its values are no answer, whatever its name; else nothing."""
        return oddity(self.cells)

    @cached_property
    def is_empty(self) -> bool:
        """Whether it holds nothing."""
        return not filled(self.cells)

    @cached_property
    def is_nested(self) -> bool:
        """Whether it holds lists or objects."""
        return any(isinstance(cell, list | dict) for cell in self.cells)

    @property
    def is_sentence(self) -> bool:
        """Whether its name reads like data rather than like a name."""
        name = self.name.strip()
        return (
            len(name) > _LONG_NAME
            or len(words_of(name)) >= _MANY_WORDS
            or name.endswith((".", "!", "?"))
        )

    @property
    def repeats_its_name(self) -> bool:
        """Whether its name is one of its values as well."""
        return self.name in self.cells


class Inference:
    """Finds the parts that the columns of one table have.

    Args:
        table: what to call the table in messages.
        sample: its first rows.
        named: the columns that the user named, by their part.
        answers: whether there must be an answer.
        labels: the columns that are known to hold labels, if the table says so itself.
        origin: how it says so.
    """

    def __init__(
        self,
        table: str,
        sample: pd.DataFrame,
        named: Mapping[str, str],
        *,
        answers: bool = True,
        labels: Sequence[str] = (),
        origin: str = "",
    ) -> None:
        self._table = table
        self._named = dict(named)
        self._answers = answers
        self._labels = labels
        self._origin = origin
        self._all = [str(name) for name in sample.columns]
        self._free = [
            Column(name, sample[name].tolist())
            for name in self._all
            if name not in named.values() and name != GROUP
        ]
        self._notes: list[str] = []

    def roles(self) -> Roles:
        """The columns of the prompt, the answer and the group.

        Raises:
            UnclearColumnsError: there is doubt about one; says why, and what to pass.
            DataError: the first line is data, or there is one column only.
        """
        rename = dict(self._named)
        free = self._free
        if COMPLETION not in rename:
            answer = self._answer()
            if answer is not None:
                rename[COMPLETION] = answer.name
                free = [column for column in free if column is not answer]
        joined: tuple[str, ...] = ()
        if PROMPT not in rename:
            rename[PROMPT], *others = self._prompt(free)
            self._check_settings(rename)
            joined = tuple(others)
        self._check_header([rename[PROMPT], rename.get(COMPLETION, "")])
        if GROUP in self._all and GROUP not in {*rename, *rename.values()}:
            rename[GROUP] = GROUP
        order = [role for role in (PROMPT, COMPLETION, GROUP) if role in rename]
        return Roles({role: rename[role] for role in order}, joined, tuple(self._notes))

    def _answer(self) -> Column | None:
        if self._labels:
            return self._labelled()
        named = _ranked(self._free, "answer")
        if named:
            first = _first(named)
            if len(first) > 1:
                if self._answers:
                    raise self._tie(COMPLETION, first)
                return None
            self._check_wanted(first[0], named)
            return self._taken(first[0], _outranked(first[0], named) or "its name says so")
        plain = [c for c in self._free if c.meaning.kind == "plain" and not c.oddity]
        few = [column for column in plain if is_few(column.cells)]
        if len(few) == 1 and len(self._free) > (PROMPT not in self._named):
            return self._taken(few[0], f"it has {distinct(filled(few[0].cells))} distinct values")
        if not self._answers:
            return None
        if len(few) > 1:
            raise self._tie(COMPLETION, few)
        if PROMPT in self._named and len(plain) == 1:
            return self._taken(plain[0], "it is the only other column")
        raise self._no_answer()

    def _check_wanted(self, answer: Column, named: Sequence[Column]) -> None:
        """Whether another column says that some answers are not wanted, as KTO's label does.

        Raises:
            DataError: it does.
        """
        marks = [c for c in named if c is not answer and c.meaning.exact and _are_booleans(c.cells)]
        if not (self._answers and marks and answer.name == COMPLETION):
            return
        raise DataError(
            f"{self._table}: {marks[0].name!r} says of every completion whether it is wanted (as "
            "in KTO), and training would take them all. Expected wanted completions only; drop "
            f"the other rows and the column {marks[0].name!r}. Pass --completion-column "
            f"{shlex.quote(answer.name)} to train on every row."
        )

    def _labelled(self) -> Column | None:
        columns = [column for column in self._free if column.name in self._labels]
        if len(columns) > 1:
            if self._answers:
                raise self._tie(COMPLETION, columns)
            return None
        if not columns:
            return None
        return self._taken(columns[0], f"it holds the labels of {self._origin}")

    def _taken(self, column: Column, why: str) -> Column:
        if column.name != COMPLETION or "before" in why:
            self._notes.append(f"Column {column.name!r} is taken for the completion: {why}.")
        return column

    def _prompt(self, free: Sequence[Column]) -> tuple[str, ...]:
        named = _ranked(free, "prompt")
        joined = _joined(named)
        if joined:
            names = " and ".join(repr(column.name) for column in joined)
            self._notes.append(
                f"Columns {names} are taken for the prompt, in this order, with a blank line "
                "between them."
            )
            return tuple(column.name for column in joined)
        first = _first(named) if named else _by_shape(free)
        if len(first) > 1:
            raise self._tie(PROMPT, first)
        if not first:
            raise self._no_prompt(free)
        [column] = first
        why = _outranked(column, named)
        if column.name != PROMPT or why:
            self._notes.append(
                f"Column {column.name!r} is taken for the prompt{': ' if why else ''}{why}."
            )
        return (column.name,)

    def _check_settings(self, rename: Mapping[str, str]) -> None:
        """Whether rows hold earlier turns or a system text, which would be lost.

        Raises:
            DataError: they do.
        """
        lost = [c for c in self._free if c.meaning.why == SETTING and not c.is_empty]
        lost = [c for c in lost if words_of(c.name)[0] in ("system", "history", "chat")]
        lost = [c for c in lost if any(cell != [] for cell in filled(c.cells))]
        if not lost or COMPLETION not in rename:
            return
        flags = _flags([rename[PROMPT], rename[COMPLETION]])
        alpaca = {"instruction", "output"} <= set(self._all)
        reads = "Pass --format alpaca, which reads it (pip install pitchpipe-formats); or pass"
        raise DataError(
            f"{self._table}: {_listed([c.name for c in lost])} is a part of the conversation that "
            "a prompt and its completion have no place for. Expected rows without it, or rows of "
            f"messages. {reads if alpaca else 'Pass'} {flags} to leave it out."
        )

    def _check_header(self, chosen: Sequence[str]) -> None:
        """Whether the names of the chosen columns are names, not the table's first row.

        Raises:
            DataError: they read like data.
        """
        suspects = [c for c in self._free if c.name in chosen and not c.meaning.exact]
        if not any(c.repeats_its_name or c.is_sentence for c in suspects):
            return
        reasons = [
            f"{column.name!r} is also a value of its column"
            for column in suspects
            if column.repeats_its_name
        ]
        raise DataError(
            f"{self._table}: the first line reads like data, not like the names of columns "
            f"(found: {_listed(self._all)}{'; ' if reasons else ''}{'; '.join(reasons)}). "
            "Expected the columns' names; put a line such as text,label in front. "
            f"If these are the names, pass {_flags(chosen)}."
        )

    def _tie(self, role: str, columns: Sequence[Column]) -> UnclearColumnsError:
        names = [column.name for column in columns]
        alike = "may hold it" if columns[0].meaning.kind == "plain" else "have names of one rank"
        return self._unclear(role, names, f"{_listed(names)} {alike}")

    def _no_answer(self) -> DataError:
        if len(self._all) == 1:
            return self._one_column()
        return self._unclear(
            COMPLETION,
            [c.name for c in self._free],
            "no name says so, and no column whose name says nothing has a few distinct values"
            + _never(self._free),
        )

    def _one_column(self) -> DataError:
        return DataError(
            f"{self._table}: there is only one column, {self._all[0]!r}. Expected one of prompts "
            "and one of completions; add the other, or, if these are texts to be continued from "
            f"nothing, call the column {COMPLETION!r}."
        )

    def _no_prompt(self, free: Sequence[Column]) -> DataError:
        if len(self._all) == 1:
            return self._one_column()
        why = "no name says so, and there is no other column of texts"
        return self._unclear(PROMPT, [c.name for c in free], why + _never(free))

    def _unclear(self, role: str, candidates: Sequence[str], why: str) -> UnclearColumnsError:
        roles = [PROMPT, role] if role == COMPLETION and self._lacks_prompt(candidates) else [role]
        flags = " and ".join(f"--{part}-column NAME" for part in roles)
        keys = " and ".join(f"data.{part}_column" for part in roles)
        return UnclearColumnsError(
            f"{self._table}: it is not clear which column holds the {_ASKED[role]}: {why}. "
            f"Columns: {listed(self._all)}. Pass {flags} ({keys} in the "
            "configuration).",
            role,
            tuple(candidates),
        )

    def _lacks_prompt(self, candidates: Sequence[str]) -> bool:
        """Whether the prompt is to be named as well, where the answer is unclear."""
        if PROMPT in self._named:
            return False
        named = _ranked(self._free, "prompt")
        rest = [column for column in self._free if column.name not in candidates]
        return len(_first(named) if named else _by_shape(rest)) != 1


def _are_booleans(cells: Sequence[object]) -> bool:
    said = {str(cell).casefold() for cell in filled(cells)}
    return bool(said) and said <= {"true", "false"}


def _ranked(columns: Sequence[Column], kind: str) -> list[Column]:
    """The columns whose names are of a kind, the first rank first.

    Empty columns, and lists and objects, are among them only where there are no others.
    """
    found = [column for column in columns if column.meaning.kind == kind]
    found = [column for column in found if not column.is_empty] or found
    found = [column for column in found if not column.is_nested] or found
    return sorted(found, key=lambda column: column.meaning.rank)


def _first(ranked: Sequence[Column]) -> list[Column]:
    return [c for c in ranked if c.meaning.rank == ranked[0].meaning.rank]


def _outranked(column: Column, ranked: Sequence[Column]) -> str:
    others = [other.name for other in ranked if other is not column]
    return f"its name ranks before {_listed(others)}" if others else ""


def _by_shape(free: Sequence[Column]) -> list[Column]:
    """The columns that could be the prompt, where no name says so."""
    plain = [column for column in free if column.meaning.kind == "plain"]
    if len(plain) == 1:
        return plain
    if plain:
        return list(filter(_holds_texts, plain))
    speakers = ("a person", "where a row is from")  # user and assistant, source and target
    found = [c for c in free if c.meaning.why in speakers and _holds_texts(c)]
    found = [column for column in found if not is_few(column.cells)]
    return found if len(found) == 1 else []


def _holds_texts(column: Column) -> bool:
    return not column.oddity and not column.is_empty


def _joined(named: Sequence[Column]) -> list[Column]:
    """The columns that are one prompt together, if the first of them is the likeliest prompt."""
    known = [column for column in named if column.meaning.exact and not column.is_empty]
    names = [column.meaning.name for column in known]
    by_name = {c.meaning.name: c for c in known if names.count(c.meaning.name) == 1}
    for pair in JOINED:
        found = [by_name[name] for name in pair if name in by_name]
        if len(found) == len(pair) and named[0] in found:
            return found
    return []


def _flags(columns: Sequence[str]) -> str:
    return " ".join(
        f"--{flag}-column {shlex.quote(name)}"
        for flag, name in zip(("prompt", "completion"), columns, strict=True)
        if name
    )


def _never(columns: Sequence[Column]) -> str:
    """Why some columns cannot be the answer, as the rest of a sentence."""
    said = [
        f"{c.name!r} is {c.meaning.why}" if c.meaning.why else f"{c.name!r} holds {c.oddity}"
        for c in columns
        if c.meaning.kind == "aside" or (c.meaning.kind == "plain" and c.oddity)
    ]
    shown = said[:_MOST_NAMED] + (["..."] if len(said) > _MOST_NAMED else [])
    return f" ({'; '.join(shown)})" if shown else ""


def _listed(names: Sequence[str]) -> str:
    if len(names) > _MAX_LISTED:
        return listed(names, _MAX_LISTED)
    *before, last = map(repr, names)
    return f"{', '.join(before)} and {last}" if before else last
