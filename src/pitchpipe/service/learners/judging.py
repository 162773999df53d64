"""Measuring a head on records that it is not trained on."""

from __future__ import annotations

import numpy as np

from pitchpipe.service.learners.features import Ints
from pitchpipe.service.learners.heads import Floats, Head, Lesson, preference

UNKNOWN = -1
"""The place of an answer that the model cannot give. It counts as one more, with score 0."""


def measure(head: Head, exam: Lesson, beta: float) -> tuple[float, float]:
    """Mean loss, and share of the rows answered right.

    Args:
        head: what is measured; it stays as it is.
        exam: at least one row; answers may be UNKNOWN.
        beta: weight of the divergence penalty, for preferences.
    """
    scores = _scores(head, exam, reference=False)
    each = np.arange(len(scores))
    if exam.others is None:
        losses = _losses(scores, exam.targets)
        right = scores[:, :UNKNOWN].argmax(axis=1) == exam.targets
    else:
        start = _scores(head, exam, reference=True)
        odds = scores[each, exam.targets] - scores[each, exam.others]
        margins = odds - start[each, exam.targets] + start[each, exam.others]
        losses, _ = preference(margins, beta)
        right = odds > 0
    return float(losses.mean()), float(right.mean())


def _scores(head: Head, exam: Lesson, reference: bool) -> Floats:
    scores = np.array([head.scores(prompt, reference) for prompt in exam.prompts])
    return np.pad(scores, ((0, 0), (0, 1)))  # UNKNOWN is the last


def _losses(scores: Floats, targets: Ints) -> Floats:
    top = scores.max(axis=1)
    shares = np.exp(scores - top[:, np.newaxis])
    shares[:, UNKNOWN] *= targets == UNKNOWN
    losses: Floats = np.log(shares.sum(axis=1)) + top - scores[np.arange(len(scores)), targets]
    return losses
