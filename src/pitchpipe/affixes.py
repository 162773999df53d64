"""What texts have in common at their beginnings and ends, and when that is a mark."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import repeat

SEPARATORS = (
    " ->",
    "\n\n###\n\n",
    "\n\n===\n\n",
    "\n\n---\n\n",
    "\n\n===>\n\n",
    "\n\n--->\n\n",
    "\n\n### =>\n\n",
)
"""What may separate prompts from completions, the choice of first resort first."""

ENDINGS = ("\n", ".", " END", "***", "+++", "&&&", "$$$", "@@@", "%%%", " [END]")
"""What may end completions, the choice of first resort first."""

_SIGNS = r"[-=#*+&$@%~|<>_^]{2,}+|<[^<>\s]++>|\[[A-Z]++\]"
_SEPARATOR = re.compile(rf"(?:\s*+(?:{_SIGNS}|[→⇒]|(?:(?<=\W)\w++)?:))++\s*+\Z")
_ENDING = re.compile(rf"(?:\s++(?:END|STOP)|\s*+(?:{_SIGNS}))++\s*+\Z")
_MARK_LENGTH = 100


def common_prefix(texts: Iterable[str]) -> str:
    """The longest text that all begin with; "" of none."""
    some = tuple(texts)
    guess = _head(some[:_FEW])
    if not guess or all(map(str.startswith, some, repeat(guess))):
        return guess
    return _head(some)


def common_suffix(texts: Iterable[str]) -> str:
    """The longest text that all end with; "" of none."""
    some = tuple(texts)
    tail = some[0] if some else ""
    for text in some[:_FEW]:
        tail = _shared_tail(tail, text)
    if not all(map(str.endswith, some, repeat(tail))):
        for text in some:
            tail = _shared_tail(tail, text)
    return tail


def separator_of(tail: str, known: Sequence[str] = SEPARATORS) -> str:
    """What separates prompts from completions, given what all prompts end with; "" for nothing.

    A tail is an accident, such as a question mark or the zero of a number, unless it ends

    - in a known separator,
    - in a mark: two signs or more such as ``##`` or ``=>``, an arrow, a word in brackets such as
      ``<sep>`` or ``[SEP]``, or a colon with the word before it, or
    - in anything with a line end in it.

    The separator is that part of the tail, with the white space around a mark.
    """
    return _mark(tail, known, _SEPARATOR)


def ending_of(tail: str, known: Sequence[str] = ()) -> str:
    """What ends completions, given what all of them end with; "" for nothing.

    As with ``separator_of``, but that ``END`` and ``STOP`` as words of their own are marks, and a
    colon or an arrow of one sign is none.

    Args:
        tail: what all completions end with.
        known: endings that are no accident even if they are none of these, because no completion
            has them elsewhere.
    """
    return _mark(tail, known, _ENDING)


_FEW = 8


def _mark(tail: str, known: Sequence[str], mark: re.Pattern[str]) -> str:
    named = max((text for text in known if tail.endswith(text)), key=len, default="")
    found = mark.search(tail[-_MARK_LENGTH:])
    if found:
        return max(found[0], named, key=len)
    # white space in front of the line end belongs to it
    return named or (tail[len(tail.split("\n")[0].rstrip()) :] if "\n" in tail else "")


def _head(texts: Sequence[str]) -> str:
    if not texts:
        return ""
    low, high = min(texts), max(texts)
    for at, letter in enumerate(low):
        if high[at] != letter:
            return low[:at]
    return low


def _shared_tail(a: str, b: str) -> str:
    if b.endswith(a):
        return a
    return _head((a[::-1], b[::-1]))[::-1]
