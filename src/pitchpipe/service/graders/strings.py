"""Checks of a text against another, worth 1 or 0."""

from __future__ import annotations

from collections.abc import Callable, Mapping

OPERATIONS: Mapping[str, Callable[[str, str], bool]] = {
    "eq": lambda text, reference: text == reference,
    "ne": lambda text, reference: text != reference,
    "like": lambda text, reference: reference in text,
    "ilike": lambda text, reference: reference.casefold() in text.casefold(),
}
"""By name: equal, not equal, contains, contains whatever the case."""
