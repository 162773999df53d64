"""The one answer in what annotation tools write for it: a text, a list of one, an object."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pitchpipe.columns.exports.base import Unanswered, Unfit

NO_LABEL = "without a label"
_ENDS = {"[": "]", "{": "}"}
_CHOICES = ("choices", "value", "text", "rating", "number")


def single(cell: object) -> Any:
    """The one label or text in a cell.

    Raises:
        Unanswered: there is none.
        Unfit: there are several, or labels of parts of a text.
    """
    value = loaded(cell)
    if value is None or value == "" or value == [] or value == {}:
        raise Unanswered(NO_LABEL)
    if isinstance(value, list):
        if any(map(is_span, value)) or is_span(value):
            raise spans(value)
        found = list({json.dumps(item, default=str): item for item in value}.values())
        if len(found) > 1:
            raise several(value)
        return single(found[0])
    if isinstance(value, dict):
        if is_span(value):
            raise spans(value)
        known = [key for key in _CHOICES if key in value]
        if len(known) != 1:
            raise Unfit("with an object in place of a label", "one text or label a row", value)
        return single(value[known[0]])
    return value


def agreed(said: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What several annotators said, by question, where they say the same.

    Raises:
        Unfit: they do not.
    """
    found: dict[str, Any] = {}
    for one in said:
        for question, answer in one.items():
            if found.setdefault(question, answer) != answer:
                raise Unfit(
                    "with annotators who disagree",
                    "one answer a row; settle them in the tool, or keep one annotation of each",
                    [each[question] for each in said if question in each],
                )
    return found


def loaded(cell: object) -> object:
    """A cell as the structure that its text writes, be it in JSON or Python; else as it is."""
    if not isinstance(cell, str):
        return cell
    text = cell.strip()
    if not text or _ENDS.get(text[0]) != text[-1]:
        return cell
    for read in (json.loads, ast.literal_eval):
        try:
            value: object = read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(value, list | dict):
            return value
    return cell


def is_span(value: object) -> bool:
    """Whether a value labels a part of a text: from where, to where, as what."""
    if isinstance(value, list | tuple) and len(value) == 3:
        numbers = [item for item in value if type(item) is int]
        return len(numbers) == 2 and any(isinstance(item, str) for item in value)
    if isinstance(value, dict):
        inner = value.get("value")
        keys = {*value, *(inner if isinstance(inner, dict) else ())}
        return not keys.isdisjoint(("start", "start_offset", "from_id", "to_id", "startOffset"))
    return False


def spans(example: object) -> Unfit:
    """The refusal of labels for parts of texts."""
    return Unfit(
        "with labels of parts of the text (spans, entities or relations)",
        "one label or text for the whole row; export a project that classifies texts, or write "
        "what the model is to answer into a column of its own",
        example,
    )


def several(example: object) -> Unfit:
    """The refusal of more than one label."""
    return Unfit(
        "with several labels",
        "one answer a row; keep one label of each, drop these rows, or write the labels as one "
        "text into a column of its own",
        example,
    )
