"""Pairs of a text and an object, as spaCy's training data has them, as objects.

Source: https://spacy.io/api/data-formats
"""

from __future__ import annotations

TEXT = "text"


def as_object(value: object) -> object:
    """``["a text", {"cats": {...}}]`` as ``{"text": "a text", "cats": {...}}``; else the value."""
    if isinstance(value, list) and len(value) == 2:
        text, rest = value
        if isinstance(text, str) and isinstance(rest, dict) and TEXT not in rest:
            return {TEXT: text, **rest}
    return value
