"""METEOR without synonyms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from pitchpipe.service.graders.similarity.words import words

_SUFFIXES = ("ingly", "edly", "ings", "ing", "ies", "ied", "ed", "es", "ly", "s", "e", "y")
_STEM = 3  # characters that a suffix leaves at least


def meteor(text: str, reference: str) -> float:
    """METEOR: ``F * (1 - 0.5 * (chunks / m) ** 3)`` with ``F = 10 * P * R / (R + 9 * P)``.

    m words are matched, P of them of the text's and R of the reference's; chunks are the runs in
    which they stand side by side in both. First equal words are matched, then words with the same
    stem, which is what is left without a common English ending; synonyms are not, as there is no
    WordNet here. Of several partners a word takes the one after its predecessor's, else the first.
    Words are in lower case, without punctuation. Equal texts of n words are worth
    ``1 - 0.5 / n ** 3``.

    Source: Banerjee and Lavie, "METEOR" (2005), whose weights these are.
    """
    given, wanted = words(text), words(reference)
    partners: dict[int, int] = {}
    for form in (str, stem):
        _match(given, wanted, form, partners)
    if not partners:
        return 0.0
    matched = len(partners)
    precision, recall = matched / len(given), matched / len(wanted)
    mean = 10 * precision * recall / (recall + 9 * precision)
    chunks = sum(partners.get(place - 1) != partners[place] - 1 for place in partners)
    return mean * (1 - 0.5 * (chunks / matched) ** 3)


def stem(word: str) -> str:
    """A word without its ending, where three characters are left."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _STEM:
            return word[: -len(suffix)]
    return word


def _match(
    given: Sequence[str],
    wanted: Sequence[str],
    form: Callable[[str], str],
    partners: dict[int, int],
) -> None:
    """Adds a partner for each place in ``given`` that has none yet and finds one."""
    forms = [form(word) for word in wanted]
    taken = set(partners.values())
    free: dict[str, list[int]] = defaultdict(list)  # last one first
    for place in reversed(range(len(forms))):
        free[forms[place]].append(place)
    for place, word in enumerate(given):
        if place in partners:
            continue
        own = form(word)
        chosen = partners.get(place - 1, len(forms)) + 1
        if chosen >= len(forms) or chosen in taken or forms[chosen] != own:
            places = free.get(own, [])
            while places and places[-1] in taken:
                places.pop()
            if not places:
                continue
            chosen = places[-1]
        partners[place] = chosen
        taken.add(chosen)
