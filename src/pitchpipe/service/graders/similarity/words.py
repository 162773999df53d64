"""Texts as words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_TOKEN = re.compile(r"\w+|[^\w\s]")
_WORD = re.compile(r"\w+")

Gram = tuple[str, ...]


def tokens(text: str) -> list[str]:
    """Words, and signs of punctuation one by one, as they are written."""
    return _TOKEN.findall(text)


def words(text: str) -> list[str]:
    """Words in lower case, without punctuation."""
    return _WORD.findall(text.lower())


def grams(items: Sequence[str], n: int) -> Counter[Gram]:
    """How often each run of n items is there."""
    return Counter(zip(*(items[start:] for start in range(n)), strict=False))
