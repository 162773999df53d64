"""Text inside values, nested or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def strings_of(value: object) -> list[str]:
    """All text in a value."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    return [text for item in value for text in strings_of(item)] if isinstance(value, list) else []


def with_strings(value: Any, change: Callable[[str], str]) -> Any:
    """A value with all text in it changed, as a copy."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: with_strings(item, change) for key, item in value.items()}
    return [with_strings(item, change) for item in value] if isinstance(value, list) else value
