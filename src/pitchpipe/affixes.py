"""What texts have in common at their beginnings and ends."""

from __future__ import annotations

from collections.abc import Iterable


def common_prefix(texts: Iterable[str]) -> str:
    """The longest text that all begin with; "" of none."""
    some = tuple(texts)
    if not some:
        return ""
    low, high = min(some), max(some)
    for at, letter in enumerate(low):
        if high[at] != letter:
            return low[:at]
    return low


def common_suffix(texts: Iterable[str]) -> str:
    """The longest text that all end with; "" of none."""
    some = iter(texts)
    tail = next(some, "")
    for text in some:
        if not text.endswith(tail):
            tail = common_prefix((tail[::-1], text[::-1]))[::-1]
    return tail


def separator_of(tail: str) -> str:
    """What separates prompts from completions, given what all prompts end with."""
    return tail


def ending_of(tail: str) -> str:
    """What ends completions, given what all of them end with."""
    return tail
