"""Cutting a learner's answer to what was asked for, in the API's shapes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from pitchpipe.service.http import JSON
from pitchpipe.stages import Token

_UNLIKELY = -9999.0  # the API's figure for a token that cannot be
NO_LIMIT = 2**31
"""More tokens than any answer has."""


@dataclass(frozen=True)
class Answer:
    """One choice.

    Attributes:
        tokens: what is said.
        finish_reason: "stop" or "length"; None while a stream goes on.
    """

    tokens: Sequence[Token]
    finish_reason: str | None

    @property
    def text(self) -> str:
        """The tokens' text."""
        return "".join(token.text for token in self.tokens)


def trim(tokens: Sequence[Token], stops: Sequence[str], most: int | None) -> Answer:
    """The answer up to a stop or a number of tokens, whichever comes first.

    Args:
        tokens: what the learner would say.
        stops: strings that end an answer and are not part of it.
        most: the most tokens, None for any number.
    """
    most = NO_LIMIT if most is None else most
    kept = tokens[:most]
    text = "".join(token.text for token in kept)
    ends = [end for stop in stops if (end := text.find(stop)) >= 0]
    if ends:
        return Answer(cut(kept, min(ends), stops), "stop")
    return Answer(kept, "length" if len(tokens) > most else "stop")


def cut(tokens: Sequence[Token], end: int, stops: Sequence[str]) -> list[Token]:
    """The tokens up to a character; of one that reaches beyond it, the beginning."""
    kept: list[Token] = []
    for token in tokens:
        if end <= 0:
            break
        if end < len(token.text):
            token = Token(token.text[:end], token.logprob, _cut_all(token, end, stops))
        kept.append(token)
        end -= len(token.text)
    return kept


def _cut_all(token: Token, end: int, stops: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """The alternatives as they would read had they been said; equal ones become one."""
    merged: dict[str, float] = {}
    for text, logprob in token.alternatives:
        ends = [at for stop in stops if (at := text.find(stop)) >= 0]
        short = token.text[:end] if text == token.text else text[: min(ends, default=len(text))]
        if short in merged:
            high, low = sorted((merged[short], logprob), reverse=True)
            logprob = high + math.log1p(math.exp(low - high)) if low > -math.inf else high
        merged[short] = logprob
    return tuple(sorted(merged.items(), key=lambda pair: -pair[1]))


def completion_choice(
    index: int, echo: Sequence[Token], answer: Answer, top: int | None, offset: int = 0
) -> JSON:
    """A choice of a completion.

    Args:
        index: its place among the choices.
        echo: the tokens of the prompt, where it is to be repeated.
        answer: what is said.
        top: alternatives to show at each place, None for no log probabilities.
        offset: where in the whole text the first token begins.
    """
    tokens = (*echo, *answer.tokens)
    return {
        "text": "".join(token.text for token in tokens),
        "index": index,
        "logprobs": None if top is None else _completion_logprobs(tokens, top, offset),
        "finish_reason": answer.finish_reason,
    }


def chat_choice(index: int, answer: Answer, top: int | None) -> JSON:
    """A choice of a chat completion; the arguments are as for ``completion_choice``."""
    return {
        "index": index,
        "message": {
            "role": "assistant",
            "content": answer.text,
            "refusal": None,
            "annotations": [],
        },
        "logprobs": None if top is None else chat_logprobs(answer, top),
        "finish_reason": answer.finish_reason,
    }


def chat_logprobs(answer: Answer, top: int) -> JSON:
    """The ``logprobs`` of a chat completion's choice, with ``top`` alternatives at each place."""
    return {
        "content": [
            _chat_token(token.text, token.logprob)
            | {"top_logprobs": [_chat_token(*pair) for pair in token.alternatives[:top]]}
            for token in answer.tokens
        ],
        "refusal": None,
    }


def _completion_logprobs(tokens: Sequence[Token], top: int, offset: int) -> JSON:
    ends = itertools.accumulate((len(token.text) for token in tokens), initial=offset)
    return {
        "tokens": [token.text for token in tokens],
        "token_logprobs": [_finite(token.logprob) for token in tokens],
        "top_logprobs": [
            {text: _finite(logprob) for text, logprob in token.alternatives[:top]}
            | {token.text: _finite(token.logprob)}
            for token in tokens
        ],
        "text_offset": list(ends)[: len(tokens)],
    }


def _chat_token(text: str, logprob: float) -> JSON:
    encoded = text.encode("utf-8", "replace")
    return {"token": text, "logprob": _finite(logprob), "bytes": list(encoded)}


def _finite(logprob: float) -> float:
    return logprob if math.isfinite(logprob) else _UNLIKELY
