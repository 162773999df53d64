"""Finding out what a table holds: which column is the prompt, which the answer, which format."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pitchpipe.columns import exports
from pitchpipe.columns.conversations import (
    MESSAGES,
    SystemBeside,
    check_all_wanted,
    conversation_column,
)
from pitchpipe.columns.exports import Export, Unpacked
from pitchpipe.columns.inference import Inference
from pitchpipe.columns.preferences import ChosenPairs
from pitchpipe.columns.shapes import filled
from pitchpipe.config import DataConfig
from pitchpipe.errors import DataError
from pitchpipe.listing import listed
from pitchpipe.records import COMPLETION, GROUP, PROMPT, Format
from pitchpipe.stages import Formatter

_OUTPUTS = {"preferred_output", "non_preferred_output"}

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
        joined: the columns whose texts follow the prompt's, with a blank line between them.
        export: reads the rows of a tool's export, before anything else does.
    """

    rename: Mapping[str, str]
    shape: Format | None
    notes: tuple[str, ...] = ()
    open_ended: bool = False
    unclear: tuple[str, ...] = ()
    reader: Reader | None = None
    joined: tuple[str, ...] = ()
    export: Export | None = None

    @property
    def legend(self) -> str:
        """What the stages' names are called in the file, where that differs; else nothing."""
        renamed = [
            f"{new!r} is column {' and '.join(map(repr, self._sources(new)))}"
            for new, old in self.rename.items()
            if new != old
        ]
        said = [f"Here {' and '.join(renamed)}."] if renamed else []
        if self.unclear:
            said.append(
                f"Columns: {listed(self.unclear)}. Say --prompt-column NAME and "
                "--completion-column NAME (data.prompt_column and data.completion_column in the "
                "configuration)."
            )
        return " ".join(said)

    def _sources(self, role: str) -> tuple[str, ...]:
        return (self.rename[role], *(self.joined if role == PROMPT else ()))

    def read(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The rows of a chunk as it is read, under the names that the stages know."""
        return self.apply(self.unpacked(chunk).rows)

    def unpacked(self, chunk: pd.DataFrame) -> Unpacked:
        """The rows of a chunk as a plain table; those of an export without an answer are left out.

        Raises:
            DataError: an annotation is no single answer; names the rows.
        """
        return self.export.unpacked(chunk) if self.export else Unpacked(chunk)

    def left_out(
        self, chunk: pd.DataFrame, records: pd.DataFrame, formatter: Formatter
    ) -> list[str]:
        """The columns of a chunk that have no part in its records.

        Args:
            chunk: the rows as a plain table; a column without a name that is empty does not count.
            records: what became of them.
            formatter: made the records.
        """
        used = {*self.rename.values(), *self.joined, GROUP}
        names = [str(name) for name in chunk.columns]
        if self.shape:
            read = formatter.capabilities.reads if self.reader else ()
            used |= {*formatter.required_columns(names), *records.columns, *(read or ())}
        return [
            name
            for name in names
            if name not in used
            and not (name.startswith("Unnamed: ") and not filled(chunk[name].tolist()))
        ]

    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The rows of a plain table under the names that the stages know.

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
            if role == PROMPT and self.joined:
                cells[at, :] = _joined(chunk, self._sources(role))
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


def _joined(chunk: pd.DataFrame, columns: Sequence[str]) -> list[Any]:
    """The texts of some columns as one text a row, a blank line between them; None for none."""
    parts = [_texts(chunk[column].tolist()) for column in columns if column in chunk.columns]
    return [_whole(cells) for cells in zip(*parts, strict=True)] or [None] * len(chunk)


def _whole(cells: Sequence[Any]) -> Any:
    """Some cells as one text; the first that is no text is left for the rules to find."""
    held = [cell for cell in cells if cell is not None and cell != ""]
    strange = [cell for cell in held if not isinstance(cell, str)]
    return strange[0] if strange else "\n\n".join(held) or None


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
    named = {
        PROMPT: data.prompt_column,
        COMPLETION: data.completion_column,
        GROUP: data.group_column,
    }
    chosen = {role: column for role, column in named.items() if column is not None}
    if formatter is not None and data.profile != "legacy":
        available = [*chosen, *(c for c in sample.columns if c not in chosen.values())]
        needed = formatter.required_columns(available)
        if not STANDARD.issuperset(needed):
            rename = _existing(name, chosen, sample)
            if answers:
                _check_columns(name, needed, available)
            note = f"Records are made from {', '.join(map(repr, needed))}."
            reader = Reader(formatter, needed if answers else (), name)
            return Schema(rename, formatter.format, (note,), reader=reader)
    if lines and answers and not chosen:
        note = "The lines are texts, to be continued from nothing: their prompts are empty."
        return Schema({PROMPT: "", COMPLETION: sample.columns[0]}, None, (note,), open_ended=True)
    if data.profile == "legacy":
        return _legacy(_existing(name, chosen, sample), list(sample.columns))
    known = _records(name, sample, chosen, answers)
    if known is not None:
        return known
    if answers and not chosen and [str(c).strip().lower() for c in sample.columns] == [COMPLETION]:
        note = "There are completions only, to be continued from nothing: the prompts are empty."
        # a prompt may come up in a later chunk
        rename = {PROMPT: PROMPT, COMPLETION: sample.columns[0]}
        return Schema(rename, None, (note,), open_ended=True)
    export = None if lines else exports.recognised(name, sample, answers, list(chosen.values()))
    if export is None:
        rename = _existing(name, chosen, sample)
        return _plain(Inference(name, sample, rename, answers=answers), sample, answers)
    rows = export.unpacked(sample).rows
    if not len(rows):
        raise DataError(
            f"{name}: none of the first rows of {export.title} has an answer that counts. "
            "Expected annotated rows; annotate some, or put those that are in front."
        )
    rename = _existing(name, chosen, rows)
    labels = export.label_columns(sample)
    inference = Inference(name, rows, rename, answers=answers, labels=labels, origin=export.title)
    return _plain(inference, rows, answers, export)


def _records(
    name: str, sample: pd.DataFrame, chosen: Mapping[str, str], answers: bool
) -> Schema | None:
    """The schema of rows that are conversations or preferences; None for other rows."""
    if COMPLETION in chosen:
        return None
    columns = set(sample.columns)
    if not columns >= _OUTPUTS:
        pairs = ChosenPairs.recognised(name, sample, answers, chosen.get(PROMPT))
        if pairs is not None:
            _existing(name, chosen, sample)
            group = {role: column for role, column in chosen.items() if role == GROUP}
            pairs = replace(pairs, kept=(GROUP, *group.values()))
            note = f"The rows are preferences: {pairs.chosen!r} before {pairs.rejected!r}."
            return Schema(group, "preference", (note,), export=pairs)
    if PROMPT in chosen:
        return None
    if columns >= _OUTPUTS:
        rename = _existing(name, chosen, sample)
        return Schema(rename, "preference", ("The rows are preference records already.",))
    column = conversation_column(name, sample)
    if column is None:
        return None
    rename = _existing(name, chosen, sample)
    if answers:
        check_all_wanted(name, sample, column)
    begun = SystemBeside.recognised(name, sample, answers, column)
    if begun is None and column == MESSAGES:
        return Schema(rename, "chat", ("The rows are chat records already.",))
    notes = [f"Column {column!r} is taken for the messages."] if column != MESSAGES else []
    if begun is not None:
        notes.append(f"Column {begun.system!r} is put in front of the messages.")
    rename |= {MESSAGES: column} if column != MESSAGES else {}
    return Schema(rename, "chat", tuple(notes), export=begun)


def _legacy(rename: dict[str, str], columns: Sequence[str]) -> Schema:
    for role in (PROMPT, COMPLETION):
        if role not in rename and (column := _cased(role, columns)):
            rename[role] = column
    order = [role for role in (PROMPT, COMPLETION) if role in rename]
    unclear = () if len(order) == 2 else tuple(columns)
    return Schema({role: rename[role] for role in order}, None, (), True, unclear)


def _cased(role: str, columns: Sequence[str]) -> str | None:
    return role if role in columns else next((c for c in columns if c.lower() == role), None)


def _plain(
    inference: Inference,
    sample: pd.DataFrame,
    answers: bool,
    export: Export | None = None,
) -> Schema:
    found = inference.roles()
    notes = [f"The table is read as {export.title}." if export else "", *found.notes]
    prompts = _joined(sample, (found.rename[PROMPT], *found.joined))
    open_ended = answers and all(cell is None or cell == "" for cell in prompts)
    if open_ended:
        notes.append("The prompts are empty: the texts are to be continued from nothing.")
    return Schema(
        found.rename,
        None,
        tuple(filter(None, notes)),
        open_ended,
        joined=found.joined,
        export=export,
    )


def default_splitter(schema: Schema, labels: int) -> tuple[str, str]:
    """The splitter that ``auto`` stands for with so many labels (0: free text), and why."""
    if GROUP in schema.rename:
        return "group", "Splitter group, because there is a group column."
    if labels:
        return "stratified", f"Splitter stratified, because the answers are {labels} labels."
    return "random", "Splitter random, because the answers are free text."


def _existing(name: str, chosen: Mapping[str, str], sample: pd.DataFrame) -> dict[str, str]:
    """The columns that the user named, which are there, each with one part.

    Raises:
        DataError: one is not there, or has two parts.
    """
    columns = [str(column) for column in sample.columns]
    for role, column in chosen.items():
        if column not in columns:
            close = difflib.get_close_matches(column, columns, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise DataError(
                f"{name}: there is no column {column!r} to take the {role} from.{hint} "
                f"Columns: {listed(columns)}."
            )
    if len(set(chosen.values())) < len(chosen):
        raise DataError(
            f"{name}: one column cannot have two parts; given were "
            + ", ".join(f"{role}={column!r}" for role, column in chosen.items())
            + "."
        )
    return dict(chosen)


def _check_columns(name: str, needed: Sequence[str], available: Sequence[str]) -> None:
    missing = [column for column in needed if column not in available]
    if missing:
        raise DataError(
            f"{name}: no column {' and no column '.join(map(repr, missing))}. The formatter needs "
            f"{', '.join(map(repr, needed))}; found {listed(available)}."
        )
