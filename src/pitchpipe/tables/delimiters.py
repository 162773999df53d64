"""What separates the cells of a text, and whether a text has cells at all."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pitchpipe.tables.documents import FIELD_NAMES

MARKS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}
"""What may stand between cells, the usual first, with what to call it."""

_DECLARED = re.compile(r'\A"?sep=(\\t|[^"\w\r\n])"?[ ]*(?=[\r\n]|\Z)', re.IGNORECASE)
_IN_QUOTES = re.compile(r'"[^"]*(?:"|$)')
_QUOTED = re.compile(r'"[^"]*"')
_MAX_NAME = 40
_MAX_WORDS = 4


@dataclass(frozen=True)
class Columns:
    """How the lines of a text fall into cells.

    Attributes:
        delimiter: what stands between cells.
        width: how many cells every row has.
        named: whether the first row names the columns.
    """

    delimiter: str
    width: int
    named: bool


def declared(head: str) -> str | None:
    """The delimiter that a first line such as ``sep=;`` says, as spreadsheets write; else None."""
    found = _DECLARED.match(head.lstrip("\ufeff"))
    return found.group(1).replace("\\t", "\t") if found else None


def row_end(head: str) -> str:
    """What ends the rows of a delimited text: line breaks inside quoted cells do not count."""
    bare = _QUOTED.sub("", head)
    return "\r" if "\r" in bare and "\n" not in bare else "\n"


def delimiter_of(head: str, newline: str, is_whole: bool, usual: str) -> str:
    """The delimiter of a text that is known to have a header.

    It is the usual one if the header has it, else the first mark that the header has; where the
    rows do not agree with that and do with another, it is the other.

    Args:
        head: what the text begins with.
        newline: what ends a row.
        is_whole: whether that is all of it.
        usual: what the file's name promises.
    """
    first = next((line for line in head.split(newline) if line.strip()), "")
    header = _IN_QUOTES.sub("", first)
    marks = sorted(MARKS, key=lambda mark: mark != usual)
    written = next((mark for mark in marks if mark in header), usual)
    if written not in header or _width(head, written, newline, is_whole):
        return written
    others = [mark for mark in marks if mark in header]
    return next((mark for mark in others if _width(head, mark, newline, is_whole)), written)


def columns_in(head: str, newline: str, is_whole: bool) -> Columns | None:
    """The columns of a text that might be plain lines; None where lines have no like cells.

    Args:
        head: what the text begins with.
        newline: what ends a row.
        is_whole: whether that is all of it.
    """
    doubtful = None
    for mark in ("\t", ";", "|", ","):
        if not (width := _width(head, mark, newline, is_whole)):
            continue
        columns = Columns(mark, width, _has_header(_rows(head, mark, newline, is_whole), mark))
        if columns.named:
            return columns
        doubtful = doubtful or columns
    return _columns_of_damaged(head, newline) or doubtful


def _columns_of_damaged(head: str, newline: str) -> Columns | None:
    """The columns that a first line of known names shows, though not every row has as many."""
    first, *others = [line for line in head.split(newline) if line.strip()] or [""]
    for mark in ("\t", ";", "|", ","):
        names = [name.strip().strip('"').casefold() for name in first.split(mark)]
        known = len(FIELD_NAMES.intersection(names))
        if len(names) < 2 or not known or not all(map(_is_name, names)):
            continue
        if max(len(name.split()) for name in names) > 2 or len(set(names)) < len(names):
            continue
        full = sum(line.count(mark) >= len(names) - 1 for line in others)
        if others and 2 * full > len(others):
            return Columns(mark, len(names), True)
    return None


def _width(head: str, delimiter: str, newline: str, is_whole: bool) -> int:
    """How many cells all rows have, header and more; 0 where they differ or have only one."""
    rows = _rows(head, delimiter, newline, is_whole)
    widths = {len(row) for row in rows}
    return widths.pop() if len(rows) > 1 and len(widths) == 1 and widths != {1} else 0


def _rows(head: str, delimiter: str, newline: str, is_whole: bool) -> Sequence[Sequence[str]]:
    """The rows that are whole; none where quotes are not as they should be."""
    csv.field_size_limit(max(csv.field_size_limit(), 2**31 - 1))
    lines = (line + newline for line in head.split(newline))
    rows: list[list[str]] = []
    try:
        for row in csv.reader(lines, delimiter=delimiter, strict=True):
            rows += [row] if len(row) > 1 or (row and row[0].strip()) else []
    except csv.Error as error:
        # the sample may end inside a cell
        if is_whole or "unexpected end of data" not in str(error):
            return []
        return rows
    return rows if is_whole else rows[:-1]


def _has_header(rows: Sequence[Sequence[str]], delimiter: str) -> bool:
    header, *others = rows
    names = [name.strip().casefold() for name in header]
    if len(set(names)) < len(names) or not all(map(_is_name, names)):
        return False
    if any(name in {row[at].strip().casefold() for row in others} for at, name in enumerate(names)):
        return False
    if FIELD_NAMES.intersection(names):
        return True
    if delimiter != ",":
        return len(rows) > 2
    # prose has commas too, and a blank after each
    spaced = sum(cell.startswith(" ") for row in rows for cell in row[1:])
    short = all(len(name.split()) <= 2 for name in names)
    return len(rows) > 2 and short and 2 * spaced < sum(len(row) - 1 for row in rows)


def _is_name(text: str) -> bool:
    return (
        0 < len(text) <= _MAX_NAME
        and len(text.split()) <= _MAX_WORDS
        and text[-1] not in ".!,;"
        and not text.replace(".", "").isdecimal()
        and any(c.isalpha() for c in text)
    )
