"""A request under way: what is asked, how its answer is chosen, and what is said so far."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from pitchpipe.stages import Token
from pitchpipe_hf.labels import Tree
from pitchpipe_hf.spelling import Speller

_COMPLETION_LIMIT = 16  # what the API gives a completion that sets no limit
_COLDEST = 1e-6


@dataclass(eq=False)
class Asked:
    """One request.

    Attributes:
        ids: the prompt's tokens.
        tree: answers that may be expected, so that they are read with the prompt.
        ends: tokens that end the answer.
        limit: the most tokens that it has.
        stops: strings that end it.
        temperature: 0 for the likeliest tokens.
        top_p: the share of the likeliest tokens that is chosen from.
        alternatives: how many likely tokens are shown at each place.
        chance: chooses.
        speller: writes the answer's text.
        said: the answer so far; one empty token more than the limit tells that it was cut there.
        last: the last token, which the model has not read yet.
        done: whether nothing more will be said.
        error: what went wrong, if anything did.
    """

    ids: Sequence[int]
    tree: Tree
    ends: Sequence[int]
    limit: int
    stops: Sequence[str]
    temperature: float
    top_p: float
    alternatives: int
    chance: random.Random
    speller: Speller
    said: list[Token] = field(default_factory=list)
    last: int = 0
    done: bool = False
    error: Exception | None = None

    def take(self, logits: Tensor) -> int | None:
        """Chooses the next token and says it; None if that ends the answer.

        Args:
            logits: of all tokens, on the CPU.
        """
        logs = logits.double().log_softmax(0)
        token = self._choose(logs)
        if token in self.ends:
            self.done = True
            return None
        self.said.append(self._token(token, logs))
        self.last = token
        if self._stopped():
            self.done = True
        elif len(self.said) >= self.limit:
            self.said.append(Token("", 0.0))
            self.done = True
        return None if self.done else token

    def _choose(self, logs: Tensor) -> int:
        if self.temperature <= _COLDEST:
            return int(logs.argmax())
        shares = ((logs - logs.max()) / self.temperature).softmax(0)
        if self.top_p >= 1:
            return _drawn(shares, self.chance.random())
        ranked, order = shares.sort(descending=True, stable=True)
        kept = ranked * (ranked.cumsum(0) - ranked < self.top_p)
        kept[0] = ranked[0]  # of no share at all the likeliest is left
        return int(order[_drawn(kept, self.chance.random())])

    def _token(self, token: int, logs: Tensor) -> Token:
        own = min(0.0, float(logs[token]))
        names: dict[str, float] = {}
        if self.alternatives:
            likeliest = logs.topk(min(self.alternatives, len(logs)))
            for log, other in zip(*map(Tensor.tolist, likeliest), strict=True):
                if other != token:
                    names.setdefault(self.speller.piece(other), min(0.0, log))
        text = self.speller.add(token)
        names[text] = own
        ranked = sorted(names.items(), key=lambda pair: -pair[1])
        return Token(text, own, tuple(ranked))

    def _stopped(self) -> bool:
        if not self.stops:
            return False
        longest = max(map(len, self.stops))
        tail = ""
        for token in reversed(self.said):
            tail = token.text + tail
            if len(tail) >= longest + len(self.said[-1].text):
                break
        return any(stop in tail for stop in self.stops)


def asked(
    ids: Sequence[int],
    request: Mapping[str, Any],
    chances: tuple[float, int],
    tree: Tree,
    ends: Sequence[int],
    most: int,
    speller: Speller,
) -> Asked:
    """A request by its body.

    Args:
        ids: the prompt's tokens.
        request: the body.
        chances: the temperature, and the seed.
        tree: answers that may be expected.
        ends: tokens that end an answer.
        most: tokens of the answer, whatever the body says.
        speller: writes the answer's text.
    """
    temperature, seed = chances
    limit = request.get("max_completion_tokens") or request.get("max_tokens")
    if limit is None:
        limit = most if "messages" in request else _COMPLETION_LIMIT
    stop = request.get("stop") or ()
    shown = request.get("logprobs")
    shown = (request.get("top_logprobs") or 0) if isinstance(shown, bool) else (shown or 0)
    return Asked(
        ids,
        tree,
        ends,
        min(limit, most),
        (stop,) if isinstance(stop, str) else tuple(filter(None, stop)),
        temperature if math.isfinite(temperature) else 1.0,
        1.0 if request.get("top_p") is None else request["top_p"],
        shown,
        random.Random(f"{seed}"),
        speller,
    )


def _drawn(shares: Tensor, chance: float) -> int:
    """A place by chance, in proportion to the shares."""
    sums = shares.cumsum(0)
    place = torch.searchsorted(sums, chance * float(sums[-1]), right=True)
    return min(int(place), len(shares) - 1)
