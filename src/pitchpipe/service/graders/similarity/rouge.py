"""ROUGE for one sentence and one reference."""

from __future__ import annotations

from pitchpipe.service.graders.similarity.edits import common
from pitchpipe.service.graders.similarity.words import grams, words


def rouge_n(text: str, reference: str, n: int) -> float:
    """ROUGE-N: the F1 of shared n-grams, ``2 * shared / (n-grams of both)``.

    Words are in lower case, without punctuation and not stemmed. 0 where neither text has n words.

    Source: Lin, "ROUGE" (2004); F1 as the package rouge-score gives it.
    """
    ours, theirs = grams(words(text), n), grams(words(reference), n)
    return _f1((ours & theirs).total(), ours.total() + theirs.total())


def rouge_l(text: str, reference: str) -> float:
    """ROUGE-L: the F1 of the longest common subsequence, ``2 * LCS / (words of both)``.

    Words and source as in ``rouge_n``; a text is one sentence, whatever its lines.
    """
    ours, theirs = words(text), words(reference)
    return _f1(common(ours, theirs), len(ours) + len(theirs))


def _f1(shared: int, both: int) -> float:
    return 2 * shared / both if both else 0.0
