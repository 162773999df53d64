"""JSON text as records, with errors that say where."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence, ValuesView
from itertools import chain
from pathlib import Path

from pitchpipe.errors import DataError
from pitchpipe.tables.documents import DocumentRows, columns_of, is_conversation, rows_of
from pitchpipe.tables.faults import Examiner, ReadingFault, is_lossless
from pitchpipe.tables.pairs import as_object
from pitchpipe.tables.repairs import decode_leniently, diagnose
from pitchpipe.tables.values import lone_surrogate, writable

Record = dict[str, object]

BLANK = " \t\r\n"
"""What JSON allows around a value; Python knows more blanks, which are errors there."""

MOST_DEPTH = 200
"""How deep arrays and objects may be nested; not every program that reads JSON goes further."""

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_KINDS: dict[type, str] = {
    list: "an array",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


def _constant(name: str) -> None:
    """Takes NaN, which JSON lacks and many write, for a missing value."""
    if name != "NaN":
        raise ValueError(f"{name} is not a number in JSON")


_EXACT = {str, int, bool, type(None)}
_DECODER = json.JSONDecoder(parse_constant=_constant)


def parse_line(
    path: Path, number: int, line: str, faults: list[ReadingFault], *, conversations: bool = False
) -> Record:
    """The object on one line, which has no blanks around it.

    Args:
        path: the file, for messages.
        number: the line's number.
        line: its text.
        faults: gets what the object cannot hold of it.
        conversations: whether a list of messages is an object with that list.

    Raises:
        DataError: it is not a JSON object; names line and column.
    """
    where = f"{path}: line {number}"
    try:
        value, examiner = _decoded(line)
    except json.JSONDecodeError as error:
        raise DataError(
            f"{where}, column {error.colno}: not valid JSON ({_reason(line, error)}). "
            "Expected one JSON object a line; correct the line, or delete it."
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(_unusable(where, error)) from error
    if conversations and is_conversation(value):
        value = {"messages": value}
    record = _record(where, value, _SURROGATE.search(line) is not None)
    if examiner:
        faults += examiner.faults(number, record)
    return record


def parse_document(
    path: Path, text: str, faults: list[ReadingFault]
) -> tuple[list[Record], tuple[str, ...]]:
    """The rows of one JSON document, wherever they are in it, and what there is to say of that.

    Comments, commas before a closing bracket, and objects one after the other are read as well.

    Args:
        path: the file, for messages.
        text: all of its text.
        faults: gets what the rows cannot hold of it.

    Raises:
        DataError: it is not such JSON; names line and column, or the record.
    """
    notes: tuple[str, ...] = ()
    try:
        try:
            value, examiner = _decoded(text)
        except json.JSONDecodeError as error:
            examiner = Examiner()
            lenient = decode_leniently(text, examiner.raw_decode)
            if lenient is None:
                raise _invalid(path, text, error) from error
            value, notes = lenient
    except (ValueError, RecursionError) as error:
        raise DataError(_unusable(str(path), error)) from error
    rows = rows_of(str(path), value)
    return _records(path, text, rows, examiner, faults), (*notes, *rows.notes)


def parse_whole(path: Path, text: str, faults: list[ReadingFault]) -> list[Record]:
    """The objects of an array, of an object that holds nothing but one array, or one object.

    An object of arrays, or of objects with the same keys, is a table column by column.

    Args:
        path: the file, for messages.
        text: all of its text.
        faults: gets what the objects cannot hold of it.

    Raises:
        DataError: it is not such JSON; names line and column, or the record.
    """
    try:
        value, examiner = _decoded(text)
    except json.JSONDecodeError as error:
        raise _invalid(path, text, error) from error
    except (ValueError, RecursionError) as error:
        raise DataError(_unusable(str(path), error)) from error
    return _records(path, text, DocumentRows(_array(value)), examiner, faults)


def _decoded(text: str) -> tuple[object, Examiner | None]:
    """The value of a text, and who knows what it cannot hold; None where it holds everything."""
    try:
        value = _DECODER.decode(text)
        if is_lossless(text, value):
            return value, None
    except json.JSONDecodeError:
        raise
    except ValueError:  # a number that is none of JSON's, or too long for Python
        pass
    examiner = Examiner()
    return examiner.decode(text), examiner


def is_json(text: str) -> bool:
    """Whether a text is one whole JSON value."""
    try:
        _decoded(text)
    except (ValueError, RecursionError):
        return False
    return True


def by_column(records: Sequence[Record]) -> dict[str, list[object]]:
    """The values of each key that any of the records has; None where one has it not."""
    names = tuple(records[0]) if records else ()
    if sum(map(len, records)) == len(names) * len(records):
        try:
            return {name: [record[name] for record in records] for name in names}
        except KeyError:
            pass
    every = dict.fromkeys(chain.from_iterable(records))
    return {name: [record.get(name) for record in records] for name in every}


def has_doubtful_numbers(values: Sequence[object], zeros: bool = True) -> bool:
    """Whether a closer look is due at some values.

    A fast parser rounds whole numbers beyond 64 bits, makes zero of tiny ones, and takes any depth.

    Args:
        values: what it read.
        zeros: whether a zero with a decimal point is doubtful.
    """
    kinds = set(map(type, values))
    if kinds <= _EXACT:
        return False
    return any(_is_doubtful(value, zeros) for value in values)


def _is_doubtful(value: object, zeros: bool, depth: int = 0) -> bool:
    if isinstance(value, float):
        return abs(value) >= 2**63 or (zeros and value == 0)
    if depth > MOST_DEPTH:
        return True
    inner = value.values() if isinstance(value, dict) else value
    return isinstance(inner, list | ValuesView) and any(
        _is_doubtful(item, zeros, depth + 1) for item in inner
    )


def _is_deep(value: object, depth: int = 0) -> bool:
    if depth > MOST_DEPTH:
        return True
    inner = value.values() if isinstance(value, dict) else value
    return isinstance(inner, list | ValuesView) and any(_is_deep(item, depth + 1) for item in inner)


def _array(value: object) -> list[object]:
    if isinstance(value, dict) and (columns := columns_of(value)) is not None:
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if isinstance(value, dict) and len(value) == 1:
        [(key, only)] = value.items()
        # the one field of a chat record is no table
        if isinstance(only, list) and key != "messages":
            return only
    return value if isinstance(value, list) else [value]


def _records(
    path: Path, text: str, rows: DocumentRows, examiner: Examiner | None, faults: list[ReadingFault]
) -> list[Record]:
    suspicious = _SURROGATE.search(text) is not None
    records = [
        _record(f"{path}: record {number}", item, suspicious)
        for number, item in enumerate(rows.values, start=1)
    ]
    if examiner:
        for number, record in enumerate(records, start=1):
            faults += examiner.faults(number, record)
        if examiner.left:
            raise DataError(
                f"{path}: the key {examiner.left[0]!r} comes more than once in the object that "
                "holds the records. Expected each key once; put all records under one of them."
            )
    return records


def _invalid(path: Path, text: str, error: json.JSONDecodeError) -> DataError:
    return DataError(
        f"{path}: line {error.lineno}, column {error.colno}: not valid JSON "
        f"({_reason(text, error)}). Expected an array of objects; correct the file here."
    )


def _reason(text: str, error: json.JSONDecodeError) -> str:
    return diagnose(text) or error.msg


def _record(where: str, value: object, suspicious: bool) -> Record:
    value = as_object(value)
    if not isinstance(value, dict):
        raise DataError(
            f"{where}: found {_KINDS.get(type(value), 'a number')}. Expected a JSON object, with "
            'the columns\' names as keys, such as {"prompt": "...", "completion": "..."}.'
        )
    if _is_deep(value):
        raise DataError(_unusable(where, RecursionError()))
    if suspicious:
        for key, item in value.items():
            if not (writable(key) and writable(item)):
                raise lone_surrogate(where, key)
    return value


def _unusable(where: str, error: ValueError | RecursionError) -> str:
    reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    reason = reason.partition(":")[0]  # beyond it, advice for programmers
    return f"{where}: JSON that cannot be read ({reason}). Expected a plain object; simplify it."
