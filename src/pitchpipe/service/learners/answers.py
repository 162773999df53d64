"""Putting the chosen answer into tokens, each beside the tokens that could have stood there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from pitchpipe.service.learners.features import Ints
from pitchpipe.service.learners.heads import Floats
from pitchpipe.service.learners.tokens import tokenize
from pitchpipe.stages import Token

_MOST = 20  # alternatives of a token: what the API lets a request ask for

_Column = tuple[Ints, list[str]]


class Answers:
    """The answers a model knows.

    Args:
        texts: the answers, all different.
    """

    def __init__(self, texts: Sequence[str] = ()) -> None:
        self.texts = list(texts)
        self.places = {text: place for place, text in enumerate(self.texts)}
        self._columns: list[_Column] = []

    def __len__(self) -> int:
        return len(self.texts)

    def with_more(self, texts: set[str]) -> Answers:
        """The same answers in their places, then the new ones, sorted."""
        return Answers([*self.texts, *sorted(texts.difference(self.places))])

    def spell(self, choice: int, scores: Floats) -> list[Token]:
        """The tokens of one answer.

        The probability of a token is the share, among the answers that begin as this one does, of
        those that go on with it.

        Args:
            choice: the answer's place.
            scores: the logit of each answer.
        """
        weights = softmax(scores)
        group = np.arange(len(self))
        tokens = []
        for depth, text in enumerate(self._tokens[choice]):
            if len(group) == 1:
                tokens.append(Token(text, 0.0, ((text, 0.0),)))
                continue
            ids, names = self._column(depth)
            sums = np.bincount(ids[group], weights[group], minlength=len(names))
            logs = np.log(np.maximum(sums / sums.sum(), np.finfo(np.float64).tiny))
            own = ids[choice]
            # place 0 stands for the end of the answer, which is no token
            some = np.flatnonzero(sums[1:]) + 1
            some = some[np.argsort(-logs[some], kind="stable")][:_MOST]
            if own not in some:
                some = np.append(some[: _MOST - 1], own)
            alternatives = tuple((names[place], min(0.0, float(logs[place]))) for place in some)
            tokens.append(Token(text, min(0.0, float(logs[own])), alternatives))
            group = group[ids[group] == own]
        return tokens

    @cached_property
    def _tokens(self) -> list[list[str]]:
        return [tokenize(text) for text in self.texts]

    def _column(self, depth: int) -> _Column:
        """For each answer its token at a depth, 0 where it has ended, and the tokens' texts."""
        while len(self._columns) <= depth:
            names: dict[str | None, int] = {None: 0}
            place = len(self._columns)
            ids = [
                names.setdefault(tokens[place] if place < len(tokens) else None, len(names))
                for tokens in self._tokens
            ]
            self._columns.append((np.array(ids), ["", *(name for name in names if name)]))
        return self._columns[depth]


def softmax(scores: Floats) -> Floats:
    """Scores as probabilities."""
    shares = np.exp(scores - scores.max())
    total: Floats = shares / shares.sum()
    return total


def sample(scores: Floats, temperature: float, rng: np.random.Generator) -> int:
    """An answer's place by chance; at temperature 0 the first of the best."""
    if temperature <= 0:
        return int(scores.argmax())
    with np.errstate(over="ignore"):
        sums = np.cumsum(softmax((scores - scores.max()) / temperature))
    return min(int(np.searchsorted(sums, rng.random() * sums[-1], "right")), len(sums) - 1)
