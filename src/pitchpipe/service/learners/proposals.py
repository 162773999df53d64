"""Answers that a model may try: it makes none up, so it takes them from the records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

UNTRAINED = "This model has not been trained yet."
"""What a model says that was never trained."""

_ASKED = frozenset({"messages", "tools", "functions", "parallel_tool_calls"})
_MOST = 64  # texts of one record
_DEEPEST = 8  # fields within fields


def proposal(record: Mapping[str, Any], grade: Callable[[Mapping[str, Any], str], float]) -> str:
    """Of the texts in a record's own fields the one that is worth most, the first of equals.

    Args:
        record: whose fields besides the conversation are references for graders.
        grade: what an answer to it is worth.
    """
    fields = {name: value for name, value in record.items() if name not in _ASKED}
    texts = dict.fromkeys(islice(filter(None, _texts(fields, _DEEPEST)), _MOST))
    return max(texts, key=lambda text: grade(record, text), default=UNTRAINED)


def _texts(value: Any, depth: int) -> Iterator[str]:
    """Strings as they are, numbers and objects as JSON, from the inside out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list) and value and depth:
        parts = value.values() if isinstance(value, Mapping) else value
        for part in parts:
            yield from _texts(part, depth - 1)
        if isinstance(value, Mapping):
            yield from _json(value)
    elif value is not None and not isinstance(value, Mapping | list):
        yield from _json(value)


def _json(value: Any) -> Iterator[str]:
    try:
        yield json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return
