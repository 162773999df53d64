"""Finding out what a table holds: which column is the prompt, which the answer, which format."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pitchpipe.config import DataConfig
from pitchpipe.errors import DataError
from pitchpipe.records import COMPLETION, GROUP, PROMPT, Format
from pitchpipe.stages import Formatter
from pitchpipe.tasks import MOST_LABELS

PROMPT_NAMES = (PROMPT, "text", "input", "question", "instruction", "sentence", "review", "content")
COMPLETION_NAMES = (
    COMPLETION,
    "label",
    "tag",
    "class",
    "category",
    "target",
    "output",
    "answer",
    "response",
    "sentiment",
)
"""Names taken at their word where the values leave a doubt."""

STANDARD = frozenset(
    {PROMPT, COMPLETION, "messages", "input", "preferred_output", "non_preferred_output"}
)
"""The columns that records of the three formats are made from."""


@dataclass(frozen=True)
class Reader:
    """A formatter that makes records of columns that only it knows.

    Attributes:
        formatter: makes them.
        needed: the columns that it is given even where a chunk lacks them.
        table: what to call the table in messages.
    """

    formatter: Formatter
    needed: tuple[str, ...]
    table: str

    def records(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The records of some rows, each with its group if it has one.

        Raises:
            DataError: there is none of a row; names the table and the place.
        """
        lacking = {column: None for column in self.needed if column not in rows}
        own = rows.drop(columns=GROUP, errors="ignore").assign(**lacking)
        try:
            records = self.formatter.apply(own)
        except DataError as error:
            raise DataError(f"{self.table}: {error}") from error
        return records.assign(**{GROUP: rows[GROUP]}) if GROUP in rows else records


@dataclass(frozen=True)
class Schema:
    """What the columns of a table are.

    Attributes:
        rename: the user's names, by those under which the stages find them.
        shape: the format that the rows already have, or None for plain columns.
        notes: what was inferred, in sentences.
        open_ended: whether prompts may be empty, as they are where texts are to be continued from
            nothing.
        unclear: the table's columns, where none of them goes by the name of a part that is needed.
        reader: makes records of rows as they are read, where these have other columns than ours.
    """

    rename: Mapping[str, str]
    shape: Format | None
    notes: tuple[str, ...] = ()
    open_ended: bool = False
    unclear: tuple[str, ...] = ()
    reader: Reader | None = None

    @property
    def legend(self) -> str:
        """What the stages' names are called in the file, where that differs; else nothing."""
        renamed = [f"{new!r} is column {old!r}" for new, old in self.rename.items() if new != old]
        said = [f"Here {' and '.join(renamed)}."] if renamed else []
        if self.unclear:
            said.append(
                f"Columns: {', '.join(map(repr, self.unclear))}. Say --prompt-column NAME and "
                "--completion-column NAME (data.prompt_column and data.completion_column in the "
                "configuration)."
            )
        return " ".join(said)

    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk under the names that the stages know.

        Of plain columns those that have no part go, a missing one is empty, and numbers and
        booleans become text as JSON writes them.

        Raises:
            DataError: the reader cannot make a record of a row; names the file and the place.
        """
        if self.shape:
            taken = self.rename.keys() - self.rename.values()
            kept = chunk[[column for column in chunk.columns if column not in taken]]
            rows = kept.rename(columns={old: new for new, old in self.rename.items()})
            return self.reader.records(rows) if self.reader else rows
        cells = np.empty((len(self.rename), len(chunk)), dtype=object)
        for at, (role, column) in enumerate(self.rename.items()):
            if column in chunk.columns:
                cells[at, :] = _texts(chunk[column].tolist()) if role != GROUP else chunk[column]
            if role == PROMPT and self.open_ended:
                cells[at, :] = ["" if cell is None else cell for cell in cells[at]]
        names = pd.Index(self.rename, dtype=object)
        return pd.DataFrame(cells.T, chunk.index, names, dtype=object, copy=False)

    def keeps(self, chunk: pd.DataFrame) -> bool:
        """Whether ``apply`` leaves every cell of a plain chunk as it is."""
        return all(
            column in chunk.columns and set(map(type, chunk[column])) <= {str}
            for column in self.rename.values()
        )


def _texts(cells: list[Any]) -> list[Any]:
    if set(map(type, cells)) <= {str, type(None)}:
        return cells
    return [json.dumps(cell) if isinstance(cell, int | float) else cell for cell in cells]


def infer(
    name: str,
    sample: pd.DataFrame,
    data: DataConfig,
    *,
    answers: bool = True,
    lines: bool = False,
    formatter: Formatter | None = None,
) -> Schema:
    """The schema of a table.

    With the legacy profile a column is the prompt or the completion by its name alone. Lines of
    plain text are completions, to be continued from nothing. A formatter that needs columns which
    are not among ``STANDARD`` reads the rows itself.

    Args:
        name: what to call the table in messages.
        sample: its first rows.
        data: the columns that the user named.
        answers: whether there must be a completion column.
        lines: whether the table is plain text, one column without a name.
        formatter: the one that the user named, if any.

    Raises:
        DataError: a named column is missing, or there is doubt; names the columns.
    """
    columns = list(sample.columns)
    rename = {}
    named = {
        PROMPT: data.prompt_column,
        COMPLETION: data.completion_column,
        GROUP: data.group_column,
    }
    for role, column in named.items():
        if column is not None:
            rename[role] = _existing(name, column, columns, role)
    if len(set(rename.values())) < len(rename):
        raise DataError(
            f"{name}: one column cannot have two parts; given were "
            + ", ".join(f"{role}={column!r}" for role, column in rename.items())
            + "."
        )
    if formatter is not None and data.profile != "legacy":
        available = [*rename, *(c for c in columns if c not in rename.values())]
        needed = formatter.required_columns(available)
        if not STANDARD.issuperset(needed):
            if answers:
                _check_columns(name, needed, available)
            note = f"Records are made from {', '.join(map(repr, needed))}."
            reader = Reader(formatter, needed if answers else (), name)
            return Schema(rename, formatter.format, (note,), reader=reader)
    if lines and answers and not rename:
        note = "The lines are texts, to be continued from nothing: their prompts are empty."
        return Schema({PROMPT: "", COMPLETION: columns[0]}, None, (note,), open_ended=True)
    if data.profile == "legacy":
        for role in (PROMPT, COMPLETION):
            if role not in rename and (column := _cased(role, columns)):
                rename[role] = column
        order = [role for role in (PROMPT, COMPLETION) if role in rename]
        unclear = () if len(order) == 2 else tuple(columns)
        return Schema({role: rename[role] for role in order}, None, (), True, unclear)
    shape = _shape(columns) if not rename.keys() & {PROMPT, COMPLETION} else None
    if shape is not None:
        return Schema(rename, shape, (f"The rows are {shape} records already.",))
    return _infer_plain(name, sample, rename, answers)


def _cased(role: str, columns: Sequence[str]) -> str | None:
    return role if role in columns else next((c for c in columns if c.lower() == role), None)


def _infer_plain(name: str, sample: pd.DataFrame, rename: dict[str, str], answers: bool) -> Schema:
    free = [c for c in sample.columns if c not in rename.values() and c != GROUP]
    notes = []
    if COMPLETION not in rename and (answers or len(free) > 1):
        completion = _completion(sample, free, prompt_known=PROMPT in rename)
        if completion is None and answers:
            raise _doubt(name, sample, "answer", "completion")
        if completion is not None:
            column, why = completion
            rename[COMPLETION] = column
            free.remove(column)
            if column != COMPLETION:
                notes.append(f"Column {column!r} is taken for the completion: {why}.")
    if PROMPT not in rename:
        prompt = _prompt(free)
        if prompt is None:
            raise _doubt(name, sample, "prompt", "prompt")
        rename[PROMPT] = prompt
        if prompt != PROMPT:
            notes.append(f"Column {prompt!r} is taken for the prompt.")
    if GROUP in sample.columns and GROUP not in {*rename, *rename.values()}:
        rename[GROUP] = GROUP
    order = [role for role in (PROMPT, COMPLETION, GROUP) if role in rename]
    prompts = sample.get(rename[PROMPT], ())
    open_ended = answers and all(cell is None or cell == "" for cell in prompts)
    if open_ended:
        notes.append("The prompts are empty: the texts are to be continued from nothing.")
    return Schema({role: rename[role] for role in order}, None, tuple(notes), open_ended)


def default_splitter(schema: Schema, labels: int) -> tuple[str, str]:
    """The splitter that ``auto`` stands for with so many labels (0: free text), and why."""
    if GROUP in schema.rename:
        return "group", "Splitter group, because there is a group column."
    if labels:
        return "stratified", f"Splitter stratified, because the answers are {labels} labels."
    return "random", "Splitter random, because the answers are free text."


def _shape(columns: Sequence[str]) -> Format | None:
    if {"preferred_output", "non_preferred_output"} <= set(columns):
        return "preference"
    return "chat" if "messages" in columns else None


def _existing(name: str, column: str, columns: Sequence[str], role: str) -> str:
    if column in columns:
        return column
    close = difflib.get_close_matches(column, columns, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise DataError(
        f"{name}: there is no column {column!r} to take the {role} from.{hint} "
        f"Columns: {', '.join(map(repr, columns))}."
    )


def _check_columns(name: str, needed: Sequence[str], available: Sequence[str]) -> None:
    missing = [column for column in needed if column not in available]
    if missing:
        raise DataError(
            f"{name}: no column {' and no column '.join(map(repr, missing))}. The formatter needs "
            f"{', '.join(map(repr, needed))}; found {', '.join(map(repr, available))}."
        )


def _completion(
    sample: pd.DataFrame, free: Sequence[str], prompt_known: bool
) -> tuple[str, str] | None:
    if COMPLETION in free:
        return COMPLETION, "it is named so"
    by_name = [c for c in free if c.strip().lower() in COMPLETION_NAMES]
    by_values = {c: _distinct(sample[c]) for c in free}
    label_like = [c for c, n in by_values.items() if n and n < max(len(sample) / 3, 3)]
    for candidates in (label_like, by_name):
        if len(candidates) == 1 and len(free) > (0 if prompt_known else 1):
            column = candidates[0]
            if column in label_like and (by_values[column] <= MOST_LABELS or column not in by_name):
                return column, f"it has {by_values[column]} distinct values"
            return column, "its name says so"
    both = [c for c in label_like if c in by_name]
    if len(both) == 1:
        return both[0], f"its name says so, and it has {by_values[both[0]]} distinct values"
    if prompt_known and len(free) == 1:
        return free[0], "it is the only other column"
    return None


def _prompt(free: Sequence[str]) -> str | None:
    if len(free) == 1:
        return free[0]
    for name in PROMPT_NAMES:
        matches = [c for c in free if c.strip().lower() == name]
        if len(matches) == 1:
            return matches[0]
    return None


def _distinct(values: pd.Series[Any]) -> int:
    return len({v for v in values if isinstance(v, (str, bool, int, float))})


def _doubt(name: str, sample: pd.DataFrame, role: str, flag: str) -> DataError:
    columns = list(sample.columns)
    if len(columns) == 1 and flag == "completion":
        return DataError(
            f"{name}: there is only one column, {columns[0]!r}; expected one of prompts and one "
            "of completions."
        )
    return DataError(
        f"{name}: it is not clear which column holds the {role}. "
        f"Columns: {', '.join(map(repr, columns))}. Say --{flag}-column NAME "
        f"(data.{flag}_column in the configuration)."
    )
