"""The objects of an inventory as rows of a table, the same on a terminal and on a page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pitchpipe.hosted.inventory import Item
from pitchpipe.hosted.objects import Kind

TITLES: Mapping[Kind, Sequence[str]] = {
    "model": ("model", "base model", "shut down", "created", "method", "hyperparameters", "suffix"),
    "checkpoint": ("checkpoint", "base model", "shut down", "created", "step", "metrics"),
    "job": (
        "job",
        "status",
        "created",
        "base model",
        "shut down",
        "method",
        "hyperparameters",
        "suffix",
    ),
    "batch": ("batch", "status", "created", "endpoint", "requests"),
    "file": ("file", "name", "purpose", "status", "bytes", "created", "expires"),
}
"""The columns of each kind, without what refers to what."""

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def cells(item: Item) -> list[str]:
    """What stands under the titles of the kind; a dash where there is nothing."""
    day = "-"
    if item.shut_down is not None:
        day = f"{item.shut_down.day} ({item.shut_down.source})"
    made = _day(item.created)
    base, method = item.base_model or "-", item.method or "-"
    status, suffix = item.status or "-", item.suffix or "-"
    trained = _values(item.hyperparameters)
    match item.kind:
        case "model":
            name = item.id if item.listed else f"{item.id} (no longer listed)"
            return [name, base, day, made, method, trained, suffix]
        case "checkpoint":
            step = "-" if item.step is None else str(item.step)
            return [item.id, base, day, made, step, _values(item.metrics)]
        case "job":
            return [item.id, status, made, base, day, method, trained, suffix]
        case "batch":
            counts = item.described.get("request_counts")
            requests = _values(counts) if isinstance(counts, dict) else "-"
            return [item.id, status, made, str(item.described.get("endpoint") or "-"), requests]
        case "file":
            size = "-" if item.size is None else shown_size(item.size)
            name, purpose = item.name or "-", item.purpose or "-"
            return [item.id, name, purpose, status, size, made, _day(item.expires)]


def shown_size(count: int) -> str:
    """A number of bytes in the unit that suits it, powers of a thousand."""
    size, unit = float(count), 0
    while size >= 999.5 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{count} bytes" if unit == 0 else f"{size:.3g} {_UNITS[unit]}"


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "-"


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in values.items()) or "-"


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
