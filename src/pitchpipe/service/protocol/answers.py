"""Cutting a learner's answer to what was asked for, in the API's shapes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from pitchpipe.service.http import JSON
from pitchpipe.service.protocol.calls import CallForm, called, said_instead, text_in
from pitchpipe.stages import Token

_UNLIKELY = -9999.0  # the API's figure for a token that cannot be
NO_LIMIT = 2**31
"""More tokens than any answer has."""


@dataclass(frozen=True)
class Answer:
    """One choice.

    Attributes:
        tokens: what is said.
        finish_reason: "stop" or "length", whatever it says; None while a stream goes on.
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
        stops: strings that end an answer's text and are not part of it; calls have none.
        most: the most tokens, None for any number.
    """
    most = NO_LIMIT if most is None else most
    kept = tokens[:most]
    text = "".join(token.text for token in takewhile(lambda token: token.part != "calls", kept))
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
            text, cut_short = token.text[:end], _cut_all(token, end, stops)
            token = Token(text, token.logprob, cut_short, token.part)
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


def chat_choice(
    index: int, answer: Answer, top: int | None, form: CallForm | None = None, salt: str = ""
) -> JSON:
    """A choice of a chat completion.

    Args:
        index: its place among the choices.
        answer: what is said.
        top: alternatives to show at each place, None for no log probabilities.
        form: how it may call tools, None where it may not.
        salt: makes the ids of its calls.
    """
    calls = called(answer.tokens, form, f"{salt}/{index}")
    refusal = text_in(answer.tokens, "refusal") or None
    content = content_of(answer.tokens, form)
    return {
        "index": index,
        "message": {
            "role": "assistant",
            "content": content if content or not (calls or refusal) else None,
            "refusal": refusal,
            "annotations": [],
            **calls,
        },
        "logprobs": None if top is None else chat_logprobs(answer, top, form),
        "finish_reason": finish_reason(answer.finish_reason, calls),
    }


def content_of(tokens: Sequence[Token], form: CallForm | None) -> str:
    """The content of a message: the answer's text, and its calls where none may be made."""
    return "\n".join(filter(None, (text_in(tokens, "text"), said_instead(tokens, form))))


def finish_reason(reason: str | None, calls: JSON) -> str | None:
    """Why an answer ends, given the keys of its message that hold calls."""
    return next(iter(calls), reason) if reason == "stop" else reason


def chat_logprobs(answer: Answer, top: int, form: CallForm | None = None) -> JSON:
    """The ``logprobs`` of a chat completion's choice, with ``top`` alternatives at each place.

    The tokens of calls have none, unless they are said as text.
    """
    parts: dict[str, list[JSON]] = {"text": [], "calls": [], "refusal": []}
    for token in answer.tokens:
        shown = _chat_token(token.text, token.logprob)
        shown["top_logprobs"] = [_chat_token(*pair) for pair in token.alternatives[:top]]
        parts["text" if token.part == "calls" and not form else token.part].append(shown)
    elsewhere = parts["calls"] or parts["refusal"]
    return {
        "content": parts["text"] if parts["text"] or not elsewhere else None,
        "refusal": parts["refusal"] or None,
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
