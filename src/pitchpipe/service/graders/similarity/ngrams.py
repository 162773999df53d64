"""BLEU and its symmetric relative, for one sentence and one reference."""

from __future__ import annotations

import math

from pitchpipe.service.graders.similarity.words import grams, tokens

_LONGEST = 4


def bleu(text: str, reference: str) -> float:
    """BLEU-4: ``min(1, exp(1 - r/c)) * (p1 * p2 * p3 * p4) ** (1/4)``.

    c and r are the tokens of text and reference. pn is the share of the text's n-grams that the
    reference has as well, each as often as there at most; from n = 2 on, one is added to both sides
    of the fraction, so that short texts are not all worth 0. Tokens are words and signs of
    punctuation, as they are written. 1 for equal texts, 0 where no token is shared.

    Sources: Papineni et al., "BLEU" (2002); Lin and Och, "ORANGE" (2004), for what is added.
    """
    given, wanted = tokens(text), tokens(reference)
    logs = 0.0
    for n in range(1, _LONGEST + 1):
        ours = grams(given, n)
        shared = (ours & grams(wanted, n)).total()
        if n == 1 and not shared:
            return 0.0
        extra = n > 1
        logs += math.log((shared + extra) / (ours.total() + extra))
    brevity = min(0.0, 1 - len(wanted) / len(given))
    return math.exp(brevity + logs / _LONGEST)


def gleu(text: str, reference: str) -> float:
    """Google BLEU: shared n-grams over those of the text that has more, n from 1 to 4 together.

    It is the lesser of precision and recall, so the same both ways. Tokens as in ``bleu``. 1 for
    equal texts, 0 where no token is shared.

    Source: Wu et al., "Google's Neural Machine Translation System" (2016), section 4.3.
    """
    given, wanted = tokens(text), tokens(reference)
    sizes = range(1, _LONGEST + 1)
    shared = sum((grams(given, n) & grams(wanted, n)).total() for n in sizes)
    most = max(sum(grams(side, n).total() for n in sizes) for side in (given, wanted))
    return shared / most if most else 0.0
