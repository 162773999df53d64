"""Putting the chosen answer into tokens, each beside the tokens that could have stood there."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from hashlib import blake2b
from itertools import accumulate, pairwise, repeat
from typing import Literal, NamedTuple

import numpy as np

from pitchpipe.service.learners.features import Ints
from pitchpipe.service.learners.heads import Floats
from pitchpipe.service.learners.texts import Reply
from pitchpipe.service.learners.tokens import tokenize
from pitchpipe.stages import Token

Part = Literal["text", "calls", "refusal"]
PARTS: tuple[Part, ...] = ("text", "calls", "refusal")
"""What tokens are part of, in the order of a reply."""

_MOST = 20  # alternatives of a token: what the API lets a request ask for
_FEW = 64  # answers that are handled faster without arrays
_LEAST = 1e-300  # no answer is impossible: its logarithm must be finite


class _Fork(NamedTuple):
    """Where answers that begin alike part, in the order of their tokens.

    Attributes:
        names: the token that each way on begins with, "" for the end of the answer.
        places: where each name stands in ``names``.
        starts: which of these answers each way on begins at, and their number at the end.
    """

    names: list[str]
    places: dict[str, int]
    starts: list[int]


class Answers:
    """The answers a model knows.

    Args:
        replies: the answers, all different.

    Attributes:
        replies: as given.
        texts: all that each says, in one text.
        places: where each is among them.
    """

    def __init__(self, replies: Sequence[Reply] = ()) -> None:
        self.replies = list(replies)
        self.texts = [reply.whole for reply in self.replies]
        self.places = {reply: place for place, reply in enumerate(self.replies)}
        self._forks: dict[tuple[int, int], _Fork] = {}

    def __len__(self) -> int:
        return len(self.replies)

    def with_more(self, replies: set[Reply]) -> Answers:
        """The same answers in their places, then the new ones, sorted."""
        return Answers([*self.replies, *sorted(replies.difference(self.places))])

    def spell(self, choice: int, scores: Floats) -> list[Token]:
        """The tokens of one answer.

        The probability of a token is the share, among the answers that begin as this one does, of
        those that go on with it.

        Args:
            choice: the answer's place.
            scores: the logit of each answer.
        """
        weights = self._weights(scores)
        first, last = 0, len(weights)
        tokens = []
        spoken = zip(self._tokens[choice], self._parts(choice), strict=False)
        for depth, (text, part) in enumerate(spoken):
            if last - first == 1:
                tokens.append(Token(text, 0.0, ((text, 0.0),), part))
                continue
            fork = self._fork(first, last, depth)
            own = fork.places[text]
            sums = _sums(weights, first, fork.starts)
            total = math.fsum(sums)
            logs = {
                fork.names[way]: min(0.0, math.log(sums[way] / total))
                for way in _best(sums, own)
                if fork.names[way]
            }
            tokens.append(Token(text, logs[text], tuple(logs.items()), part))
            first, last = first + fork.starts[own], first + fork.starts[own + 1]
        return tokens

    def _weights(self, scores: Floats) -> Floats | list[float]:
        """The share of each answer, in the order of their tokens; a list where there are few."""
        if len(self) > _FEW:
            return np.maximum(_softmax(scores), _LEAST)[self._order]
        shares = _shares(scores.tolist())
        return [max(shares[place], _LEAST) for place in self._places_in_order]

    @cached_property
    def _places_in_order(self) -> list[int]:
        places: list[int] = self._order.tolist()
        return places

    @cached_property
    def _tokens(self) -> list[list[str]]:
        return [[token for part in reply for token in tokenize(part)] for reply in self.replies]

    def _parts(self, choice: int) -> Iterable[Part]:
        """What each token of an answer is part of."""
        reply = self.replies[choice]
        if reply == Reply(reply.text):
            return repeat("text")
        parts: list[Part] = []
        for part, text in zip(PARTS, reply, strict=True):
            parts += [part] * len(tokenize(text))
        return parts

    @cached_property
    def _order(self) -> Ints:
        return np.array(sorted(range(len(self)), key=self._tokens.__getitem__))

    def _fork(self, first: int, last: int, depth: int) -> _Fork:
        key = (first, depth)
        if key not in self._forks:
            names: list[str] = []
            starts: list[int] = []
            for place, answer in enumerate(self._order[first:last].tolist()):
                tokens = self._tokens[answer]
                name = tokens[depth] if depth < len(tokens) else ""
                if not names or name != names[-1]:
                    names.append(name)
                    starts.append(place)
            places = {name: way for way, name in enumerate(names)}
            self._forks[key] = _Fork(names, places, [*starts, last - first])
        return self._forks[key]


def sample(scores: Floats, temperature: float, chance: float, top_p: float = 1.0) -> int:
    """An answer's place by chance.

    Args:
        scores: the logit of each answer.
        temperature: above 0.
        chance: from 0 up to but not including 1, all equally likely.
        top_p: from 0 to 1: the answer is one of the fewest that are together as likely as that.
    """
    if len(scores) <= _FEW and top_p >= 1:
        top = float(scores.max())
        shares = list(accumulate(_shares([(s - top) / temperature for s in scores.tolist()])))
        return min(bisect_right(shares, chance * shares[-1]), len(shares) - 1)
    with np.errstate(over="ignore"):
        likely = _softmax((scores - scores.max()) / temperature)
    places = np.arange(len(likely)) if top_p >= 1 else _likeliest(likely, top_p)
    sums = np.cumsum(likely[places])
    drawn = min(int(np.searchsorted(sums, chance * sums[-1], "right")), len(sums) - 1)
    return int(places[drawn])


def _likeliest(shares: Floats, top_p: float) -> Ints:
    """The places of the fewest answers, one at least, whose shares together reach ``top_p``."""
    ranked = np.argsort(-shares, kind="stable")
    sums = np.cumsum(shares[ranked])
    kept: Ints = ranked[: int(np.searchsorted(sums, top_p, "left")) + 1]
    return kept


def chance(*parts: int) -> float:
    """A number from 0 up to but not including 1 that depends on the parts alone."""
    text = ",".join(map(str, parts)).encode()
    return (int.from_bytes(blake2b(text, digest_size=8).digest()) >> 11) / (1 << 53)


def _shares(scores: list[float]) -> list[float]:
    """``_softmax`` for few: an array costs more than it saves."""
    top = max(scores)
    weights = [math.exp(score - top) for score in scores]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def _softmax(scores: Floats) -> Floats:
    shares = np.exp(scores - scores.max())
    total: Floats = shares / shares.sum()
    return total


def _sums(weights: Floats | list[float], first: int, starts: list[int]) -> list[float]:
    """The sum of the weights of each way on."""
    if isinstance(weights, list):
        return [math.fsum(weights[first + start : first + end]) for start, end in pairwise(starts)]
    sums: list[float] = np.add.reduceat(weights[first:], starts[:-1]).tolist()
    sums[-1] = float(weights[first + starts[-2] : first + starts[-1]].sum())
    return sums


def _best(sums: list[float], own: int) -> list[int]:
    """The places of the greatest sums, greatest first, ``own`` among them."""
    places: Sequence[int] = range(len(sums))
    if len(sums) > _MOST:
        places = sorted(np.argpartition(sums, -_MOST)[-_MOST:].tolist())
    best = sorted(places, key=sums.__getitem__, reverse=True)
    return best if own in best else [*best[:-1], own]
