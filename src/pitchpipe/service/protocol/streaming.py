"""Answers as server-sent events."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from itertools import chain

from pitchpipe.service.http import JSON, Response, dumps
from pitchpipe.service.protocol.answers import (
    Answer,
    chat_logprobs,
    completion_choice,
    finish_reason,
)
from pitchpipe.service.protocol.calls import CallForm, called, said_instead
from pitchpipe.service.protocol.live import LiveAnswer
from pitchpipe.stages import Token


def respond(
    head: JSON, choices: Generator[JSON], usage: Callable[[], JSON], *, shown: bool, cost: int
) -> Response:
    """A stream of chunks, one a choice, closed as the API closes it.

    Args:
        head: what all chunks share.
        choices: the pieces of the choices, in order.
        usage: what it cost, asked for at the end.
        shown: whether the usage is sent, in a last chunk of its own.
        cost: tokens that count against a quota.
    """

    def events() -> Iterator[bytes]:
        rest = {"usage": None} if shown else {}
        with closing(choices):  # a client that leaves ends what is still being made
            for choice in choices:
                yield _event(dumps(head | {"choices": [choice]} | rest))
        if shown:
            yield _event(dumps(head | {"choices": [], "usage": usage()}))
        yield _event(b"[DONE]")

    headers = {"content-type": "text/event-stream"}
    return Response(200, headers, events(), tokens=cost)


def completion_pieces(
    spoken: Sequence[tuple[Sequence[Token], Answer | LiveAnswer]], top: int | None
) -> Generator[JSON]:
    """The choices of a completion, token by token.

    Args:
        spoken: for each choice the tokens of the echoed prompt, and the answer.
        top: alternatives to show at each place, None for no log probabilities.
    """
    for index, (echo, answer) in enumerate(spoken):
        offset = 0
        for token in chain(echo, answer.tokens):
            yield completion_choice(index, (token,), Answer((), None), top, offset)
            offset += len(token.text)
        yield completion_choice(index, (), Answer((), answer.finish_reason), None)


def chat_pieces(
    answers: Sequence[Answer | LiveAnswer],
    top: int | None,
    form: CallForm | None = None,
    salt: str = "",
) -> Generator[JSON]:
    """The choices of a chat completion, token by token; each call is one piece, behind the text.

    Args:
        answers: what is said.
        top: alternatives to show at each place, None for no log probabilities.
        form: how the answers may call tools, None where they may not.
        salt: makes the ids of calls.
    """
    for index, answer in enumerate(answers):
        yield _chat_piece(index, {"role": "assistant", "content": "", "refusal": None})
        held: list[Token] = []
        text = False
        for token in answer.tokens:
            if token.part == "calls":
                held.append(token)
                continue
            text = True
            logprobs = None if top is None else chat_logprobs(Answer((token,), None), top)
            key = "refusal" if token.part == "refusal" else "content"
            yield _chat_piece(index, {key: token.text}, logprobs)
        if instead := said_instead(held, form):
            logprobs = None if top is None else chat_logprobs(Answer(held, None), top)
            yield _chat_piece(index, {"content": "\n" * text + instead}, logprobs)
        calls = called(held, form, f"{salt}/{index}")
        for place, call in enumerate(calls.get("tool_calls", ())):
            yield _chat_piece(index, {"tool_calls": [{"index": place, **call}]})
        if "function_call" in calls:
            yield _chat_piece(index, calls)
        yield _chat_piece(index, {}, finish=finish_reason(answer.finish_reason, calls))


def _chat_piece(
    index: int, delta: JSON, logprobs: JSON | None = None, finish: str | None = None
) -> JSON:
    return {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}


def _event(data: bytes) -> bytes:
    return b"data: " + data + b"\n\n"
