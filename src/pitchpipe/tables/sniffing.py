"""What a text file holds, told by how it begins; the ending of its name breaks ties."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pitchpipe.errors import DataError
from pitchpipe.tables.delimiters import MARKS, Columns, columns_in, declared, row_end
from pitchpipe.tables.documents import has_many_rows, is_conversation
from pitchpipe.tables.kinds import EXPECTED, KINDS, LABELS, Kind, Name
from pitchpipe.tables.magic import refuse_markup
from pitchpipe.tables.repairs import COMMENT_MARKS, LOOKS_LIKE_JSON, LineHabits
from pitchpipe.tables.text import LongLineError, TextFile

_QUOTES = "\"'\u201c\u201d\u201e\u201f\u2018\u2019\u00ab\u00bb"
_DOCUMENT = re.compile(
    rf"\{{\s*(?:[{_QUOTES}\}}]|$|//|/\*)|\[\s*(?:\{{|[{_QUOTES}\]]|$|//|/\*|\[\s*(?:[{_QUOTES}{{\[\]\d]|$))"
)
"""How JSON begins, be it damaged, where plain text hardly does."""

_MIXED = re.compile(r"\r(?!\n)")


@dataclass(frozen=True)
class Verdict:
    """What a text file holds.

    Attributes:
        kind: what it is read as.
        notes: what there is to say about that, in sentences.
        remark: what an error in it should say besides.
    """

    kind: Kind
    notes: tuple[str, ...] = ()
    remark: str = ""


def sniff(text: TextFile, name: Name) -> Verdict:
    """What a text file holds.

    Args:
        text: the file.
        name: what its name says.

    Raises:
        DataError: it is a document of another program, or neither its content nor its name tells
            what it is.
    """
    refuse_markup(text.path, text.head)
    found = _json_kind(text, name.kind) or _delimited_kind(text, name.kind)
    kind = found or name.kind
    columns = None
    if found is None and name.kind in (None, "lines"):
        columns = columns_in(text.head, row_end(text.head), text.is_whole)
    if kind is None:
        raise _unknown(text.path, columns)
    notes = note_conflict(text.path, name, kind)
    if kind == "lines" and columns and columns.delimiter == "\t":
        # prose has commas, and hardly ever one tab in every line
        raise _undecided(text.path, columns)
    if kind == "lines" and columns:
        notes += (_doubt(text.path, columns),)
    if kind == "jsonl" and _is_document_of_rows(text):
        notes += (
            f"{text.path.name} has one line, which is read as one record; --input-kind json reads "
            "the rows inside it.",
        )
    remark = ""
    if kind in ("json", "jsonl") and name.kind not in ("json", "jsonl"):
        other = name.kind or "lines"
        remark = (
            f"{text.path.name} looks like JSON; --input-kind {other} reads it as {LABELS[other]}."
        )
    return Verdict(kind, notes, remark)


def habits_of(text: TextFile) -> LineHabits:
    """What is to be left out of JSON lines, by how they begin."""
    lines = _lines(text)
    bare = [line for line in lines if not line.startswith(COMMENT_MARKS)]
    return LineHabits(
        commas=any(_value(line) is _NONE and _value(line[:-1]) is not _NONE for line in bare),
        comments=len(bare) < len(lines) and any(_value(_bare(line)) is not _NONE for line in bare),
        conversations=any(is_conversation(_value(_bare(line))) for line in bare),
    )


def has_mixed_line_ends(text: TextFile) -> bool:
    """Whether lines end in line feeds and in carriage returns alone, both."""
    return text.newline == "\n" and _MIXED.search(text.head) is not None


def _json_kind(text: TextFile, named: Kind | None) -> Kind | None:
    lines = [line for line in _lines(text) if not line.startswith(COMMENT_MARKS)]
    if not lines:
        return None
    first = lines[0]
    whole = [_value(_bare(line)) for line in lines]
    records = sum(isinstance(value, dict) or is_conversation(value) for value in whole)
    meant = sum(LOOKS_LIKE_JSON.match(line) is not None for line in lines)
    begins = _DOCUMENT.match(first) is not None
    if named in ("csv", "tsv") and not (begins and first[:2] != '["'):
        return None
    if not begins and 2 * max(records, meant) < len(lines):
        return None
    if first.startswith("{") and named == "lines" and not (records or meant or len(first) == 1):
        return None
    if len(lines) == 1 and text.is_whole:
        if first.startswith("[") or named != "jsonl":
            return "json"
        return "jsonl"
    if len(lines) == 1:
        return _of_long_line(text, first, named)
    if whole[0] is not _NONE:
        return "jsonl"
    if first.startswith("["):
        return "json"
    # one value spread over lines: a line of JSON lines does not end in an opening
    spread = first[-1] in "{[," or named == "json"
    return "json" if spread and 2 * meant <= len(lines) else "jsonl"


def _is_document_of_rows(text: TextFile) -> bool:
    lines = _lines(text)
    return text.is_whole and len(lines) == 1 and has_many_rows(_value(lines[0]))


def _of_long_line(text: TextFile, first: str, named: Kind | None) -> Kind:
    """The kind of JSON whose first line is longer than the sample."""
    try:
        with closing(text.lines()) as stream:
            lines = list(islice((line for line in stream if line.strip()), 2))
    except LongLineError:  # too long for a record, so that it can only be a document
        return "jsonl" if first.startswith("{") and named == "jsonl" else "json"
    if first.startswith("["):
        return "jsonl" if len(lines) > 1 and _value(lines[0]) is not _NONE else "json"
    return "json" if len(lines) == 1 and named != "jsonl" else "jsonl"


def _delimited_kind(text: TextFile, named: Kind | None) -> Kind | None:
    if (mark := declared(text.head)) is not None:
        return "tsv" if mark == "\t" else "csv"
    if named in ("csv", "tsv"):
        return named
    if named in ("json", "jsonl") and text.head.lstrip()[:1] in ("{", "["):
        return None
    columns = columns_in(text.head, row_end(text.head), text.is_whole)
    if columns is None or not columns.named:
        return None
    return "tsv" if columns.delimiter == "\t" else "csv"


def note_conflict(path: Path, name: Name, kind: Kind) -> tuple[str, ...]:
    """What to say where the content of a file is not what its name promises."""
    if name.kind == kind:
        return ()
    if name.kind is None:
        return (f"{path.name} holds {LABELS[kind]}, and is read as such.",)
    note = f"{path.name} is called {name.ending}, but holds {LABELS[kind]}; it is read as such."
    if name.kind == "lines" and kind in ("csv", "tsv"):
        note += " --input-kind lines reads every line as a text."
    return (note,)


def _doubt(path: Path, columns: Columns) -> str:
    kind = "tsv" if columns.delimiter == "\t" else "csv"
    return (
        f"Every line of {path.name} has {columns.width} parts with {MARKS[columns.delimiter]} "
        "between them, but the first line does not look like names of columns: each line is read "
        f"as one text. --input-kind {kind} reads columns."
    )


def _undecided(path: Path, columns: Columns) -> DataError:
    return DataError(
        f"{path}: every line has {columns.width} parts with {MARKS[columns.delimiter]} between "
        "them, but the first line does not look like names of columns. Expected a line of names "
        "before the rows, such as prompt and completion; add it, or pass --input-kind lines if "
        "every line is one text."
    )


def _unknown(path: Path, columns: Columns | None) -> DataError:
    kind = "--input-kind lines if every line is a text"
    if columns:
        named = "tsv" if columns.delimiter == "\t" else "csv"
        kind += f", --input-kind {named} if its first line names {columns.width} columns"
    return DataError(
        f"{path}: unknown kind of file. Expected {EXPECTED}; rename it, or pass {kind} (known: "
        f"{', '.join(KINDS)})."
    )


def _lines(text: TextFile) -> Sequence[str]:
    """The lines of the sample that are not blank, without the blanks around them."""
    lines = re.split(r"[\r\n]+", text.head)
    if not text.is_whole and len(lines) > 1:
        lines.pop()
    return [line.strip() for line in lines if line.strip()]


_NONE = object()


def _bare(line: str) -> str:
    return line.removesuffix(",")


def _value(line: str) -> object:
    """The JSON value of a line; ``_NONE`` where it is none."""
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError):
        return _NONE
    return value
