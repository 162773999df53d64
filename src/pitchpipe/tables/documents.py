"""Where the rows are in one JSON document: in an array, by column, by id, or under a key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from pitchpipe.columns.names import ANSWERS, BESIDE_PROMPTS, PROMPTS
from pitchpipe.errors import DataError

FIELD_NAMES = frozenset(
    (*chain.from_iterable((*PROMPTS, *BESIDE_PROMPTS, *ANSWERS)), "messages", "conversations")
) | {"conversation", "chosen", "rejected", "preferred_output", "non_preferred_output"}
"""Names that fields of records have, and no record."""

_RECORDS = ("messages", "conversations", "conversation", "contents", "dialog", "dialogue")
"""Keys whose list of messages makes its object one record."""

_MAX_NESTING = 6


@dataclass(frozen=True)
class DocumentRows:
    """The rows of a document.

    Attributes:
        values: one a row, not yet known to be objects.
        notes: where they were found, in sentences.
    """

    values: Sequence[object]
    notes: tuple[str, ...] = ()


def is_conversation(value: object) -> bool:
    """Whether a value is a list of messages: objects that say who speaks, and what."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and _is_message(item) for item in value)
    )


def rows_of(where: str, value: object) -> DocumentRows:
    """The rows in a parsed document.

    Args:
        where: the file, for messages.
        value: the whole document.

    Raises:
        DataError: several lists could be the rows, or the document is no table; says what it is.
    """
    if isinstance(value, list):
        return _of_list(value)
    if not isinstance(value, dict):
        return DocumentRows([value])
    if {"nbformat", "cells"} <= value.keys():
        raise DataError(
            f"{where}: is a Jupyter notebook. Expected a table; write its data to a file from the "
            "notebook, and pass that file."
        )
    if _is_record(value):
        return DocumentRows([value])
    if (split := _of_split(value)) is not None:
        note = "The table is written as names of columns and lists of values, as pandas does."
        return DocumentRows(split, (note,))
    if (by_id := _by_id(value)) is None:
        columns = columns_of(value)
        if columns is not None and not _are_lists_of_rows(value, columns):
            cells = zip(*columns.values(), strict=True)
            note = f"The table is written by columns ({_keys(columns)})."
            return DocumentRows([dict(zip(columns, row, strict=True)) for row in cells], (note,))
    else:
        note = f"The rows are the objects under {_keys(value)}; these keys are not read."
        return DocumentRows(by_id, (note,))
    return _of_object(where, value)


def has_many_rows(value: object) -> bool:
    """Whether a document is more than one row, or no table at all."""
    try:
        return len(rows_of("", value).values) > 1
    except DataError:
        return True


def columns_of(value: Mapping[str, object]) -> dict[str, list[object]] | None:
    """The columns of a table that is written column by column, as pandas does; else None."""
    cells = list(value.values())
    if not cells or "messages" in value:
        return None
    if all(isinstance(column, dict) and column for column in cells):
        rows = [list(column) for column in cells if isinstance(column, dict)]
        if len(cells) < 2 or any(row != rows[0] for row in rows):
            return None
        return {name: list(c.values()) for name, c in value.items() if isinstance(c, dict)}
    columns = {name: column for name, column in value.items() if isinstance(column, list)}
    if len(columns) < len(cells) or len({len(column) for column in columns.values()}) > 1:
        return None
    # one list of objects is a table row by row, under a name of its own
    [first, *others] = columns.values()
    if not others and any(isinstance(item, dict) for item in first):
        return None
    return columns if all(columns.values()) else None


def _of_list(values: list[object]) -> DocumentRows:
    if values and all(map(is_conversation, values)):
        note = "Every item is a list of messages; each is read as one conversation (messages)."
        return DocumentRows([{"messages": item} for item in values], (note,))
    if is_conversation(values):
        note = "The list holds messages; it is read as one conversation (messages)."
        return DocumentRows([{"messages": values}], (note,))
    return DocumentRows(values)


def _of_object(where: str, value: dict[str, object]) -> DocumentRows:
    found = list(_lists(value, (), 0))
    if len(found) > 1:
        named = ", ".join(f"{_path(path)} ({len(rows)} objects)" for path, rows in found)
        raise DataError(
            f"{where}: holds several lists of objects: {named}. Expected one; save the list that "
            "holds the rows as a file of its own."
        )
    if not found:
        if len(value) == 1:
            [(key, only)] = value.items()
            # the one field of a chat record is no table
            if isinstance(only, list) and (key != "messages" or _is_list_of_lists(only)):
                rows = _of_list(only)
                return DocumentRows(rows.values, (_found_note((key,), value), *rows.notes))
        return DocumentRows([value])
    [(path, items)] = found
    rows = _of_list(items)
    return DocumentRows(rows.values, (_found_note(path, value), *rows.notes))


def _of_split(value: Mapping[str, object]) -> list[object] | None:
    """The rows of ``columns`` and ``data``, as pandas writes a table that is split; else None."""
    names, data = value.get("columns"), value.get("data")
    if not isinstance(names, list) or not isinstance(data, list) or not data:
        return None
    if not value.keys() <= {"columns", "data", "index"} or len(set(map(repr, names))) < len(names):
        return None
    if not all(isinstance(name, str) for name in names):
        return None
    if not all(isinstance(row, list) and len(row) == len(names) for row in data):
        return None
    return [dict(zip(names, row, strict=True)) for row in data]


def _found_note(path: tuple[str, ...], value: Mapping[str, object]) -> str:
    left: list[str] = []
    inside: object = value
    for depth, key in enumerate(path):
        if isinstance(inside, Mapping):
            left += [_path((*path[:depth], other)) for other in inside if other != key]
            inside = inside[key]
    others = f"; left out: {', '.join(left)}" if left else ""
    return f"The rows are the list under {_path(path)}{others}."


def _lists(
    value: Mapping[str, object], path: tuple[str, ...], depth: int
) -> Iterator[tuple[tuple[str, ...], list[object]]]:
    """The lists of objects, or of conversations, in an object and the objects inside it."""
    for key, item in value.items():
        if isinstance(item, list) and (
            _is_list_of_objects(item) or (item and all(map(is_conversation, item)))
        ):
            yield (*path, key), item
        elif isinstance(item, dict) and depth < _MAX_NESTING:
            yield from _lists(item, (*path, key), depth + 1)


def _is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def _is_list_of_lists(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, list) for v in value)


def _is_message(item: Mapping[str, object]) -> bool:
    return ("role" in item and isinstance(item["role"], str) and len(item) > 1) or (
        "from" in item and "value" in item
    )


def _is_record(value: Mapping[str, object]) -> bool:
    """Whether an object is one record, and no wrapping of many."""
    if any(is_conversation(value.get(key)) for key in _RECORDS):
        return True
    if isinstance(value.get("messages"), list) and not _is_list_of_lists(value["messages"]):
        return True
    if {"preferred_output", "non_preferred_output"} <= value.keys():
        return not isinstance(value.get("input"), list)
    if {"chosen", "rejected"} <= value.keys():
        return all(is_conversation(value[key]) for key in ("chosen", "rejected"))
    return isinstance(value.get("prompt"), str)


def _are_lists_of_rows(value: Mapping[str, object], columns: Mapping[str, list[object]]) -> bool:
    """Whether what might be columns are lists of rows, each under a name of its own."""
    if any(isinstance(item, dict) for item in value.values()):
        return any(map(_is_list_of_objects, (cell for c in columns.values() for cell in c)))
    return all(_is_list_of_objects(c) or all(map(is_conversation, c)) for c in columns.values())


def _by_id(value: dict[str, object]) -> list[object] | None:
    """The objects of an object that holds nothing else, where its keys name rows; else None."""
    items = [item for item in value.values() if isinstance(item, dict) and item]
    if len(items) < 2 or len(items) < len(value):
        return None
    fields = {key for item in items for key in item}
    if FIELD_NAMES & value.keys() and not FIELD_NAMES & fields:
        return None
    if FIELD_NAMES & fields and not FIELD_NAMES & value.keys():
        return list(items)
    if any(_is_list_of_objects(cell) for item in items for cell in item.values()):
        return None
    if any(list(item) != list(items[0]) for item in items):
        return list(items)
    if _are_numbers(fields):  # the index that pandas counts
        return None
    return list(items) if _are_numbers(value) or len(value) > len(fields) else None


def _are_numbers(keys: Collection[str]) -> bool:
    return all(key.isdecimal() for key in keys)


def _path(path: Sequence[str]) -> str:
    return repr(".".join(path))


def _keys(value: Mapping[str, object]) -> str:
    shown = ", ".join(repr(key) for key in list(value)[:3])
    return f"{shown}, ..." if len(value) > 3 else shown
