"""How alike two texts are, from 0 to 1, by the metrics of the text_similarity grader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from pitchpipe.service.graders.similarity.edits import fuzzy_match
from pitchpipe.service.graders.similarity.meteor import meteor
from pitchpipe.service.graders.similarity.ngrams import bleu, gleu
from pitchpipe.service.graders.similarity.rouge import rouge_l, rouge_n

METRICS: Mapping[str, Callable[[str, str], float]] = {
    "fuzzy_match": fuzzy_match,
    "bleu": bleu,
    "gleu": gleu,
    "meteor": meteor,
    **{f"rouge_{n}": partial(rouge_n, n=n) for n in range(1, 6)},
    "rouge_l": rouge_l,
}
"""By name: functions of the text that is graded and the one that it is graded against."""
