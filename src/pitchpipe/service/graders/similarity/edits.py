"""Likeness by characters."""

from __future__ import annotations

from collections.abc import Hashable, Sequence


def fuzzy_match(text: str, reference: str) -> float:
    """The normalised Indel similarity: ``2 * LCS / (characters of both)``, 1 for two empty texts.

    LCS is the length of the longest common subsequence of characters. It is what rapidfuzz calls
    ``fuzz.ratio``, over 100.
    """
    both = len(text) + len(reference)
    return 2 * common(text, reference) / both if both else 1.0


def common(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """The length of the longest common subsequence.

    Bit-parallel over one integer of ``len(a)`` bits, after H. Hyyrö, "Bit-parallel LCS-length
    computation revisited" (2004): the zeros in ``row`` are where the length goes up by one.
    """
    places: dict[Hashable, int] = {}
    for place, item in enumerate(a):
        places[item] = places.get(item, 0) | 1 << place
    everything = (1 << len(a)) - 1
    row = everything
    for item in b:
        if found := row & places.get(item, 0):
            row = (row + found | row - found) & everything
    return len(a) - row.bit_count()
