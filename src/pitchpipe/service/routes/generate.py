"""Completions and chat completions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Sequence

from pitchpipe.records import Format
from pitchpipe.service.engine.counts import Counts
from pitchpipe.service.engine.models import Model, Models, unknown
from pitchpipe.service.engine.numbers import Numbers
from pitchpipe.service.http import JSON, ApiError, Request, Response, dumps
from pitchpipe.service.protocol import streaming, tokens
from pitchpipe.service.protocol.answers import Answer, chat_choice, completion_choice, trim
from pitchpipe.service.protocol.calls import call_form
from pitchpipe.service.protocol.combinations import check_chat, check_completion
from pitchpipe.service.protocol.limits import check_length, check_size
from pitchpipe.service.protocol.live import LiveAnswer
from pitchpipe.service.protocol.params import CreateChat, CreateCompletion, check
from pitchpipe.service.router import Route
from pitchpipe.service.routes.stored_chats import is_stored, keep
from pitchpipe.service.storage.store import Store
from pitchpipe.stages import Token

_DEFAULT_TOKENS = 16  # of a completion; a chat completion has no limit of its own
_SHOWING = frozenset(
    ("model", "stream", "stream_options", "n", "best_of", "echo", "logprobs", "top_logprobs")
)
"""Parameters that change how much is shown of an answer, and how, but not the answer."""

_ENDPOINT = {"completion": "v1/completions", "chat": "v1/chat/completions"}


class GenerateRoutes:
    """The routes ``/v1/completions`` and ``/v1/chat/completions``.

    Above temperature 0 and without a ``seed``, the answer depends on the service's seed, on the
    request, and on how often the same request came before: so it varies, and the same requests in
    the same order have the same answers, whatever else is asked between them.

    Args:
        store: keeps chat completions that are to be stored.
        models: who answers.
        clock: Unix seconds.
        numbers: tell equal answers apart.
        counts: of equal requests.
    """

    def __init__(
        self,
        store: Store,
        models: Models,
        clock: Callable[[], float],
        numbers: Numbers,
        counts: Counts,
    ) -> None:
        self._store = store
        self._models = models
        self._clock = clock
        self._numbers = numbers
        self._counts = counts

    def routes(self) -> tuple[Route, ...]:
        """What clients may ask for."""
        quick = self._models.quick
        return (
            Route("POST", "/completions", self.completion, quick),
            Route("POST", "/chat/completions", self.chat, quick, is_stored),
        )

    def completion(self, request: Request) -> Response:
        """Completes one or several prompts."""
        body = request.json()
        asked = check(CreateCompletion, body)
        check_completion(asked)
        model = self._model(asked.model, "completion")
        check_length(model.base.id, asked)
        check_size(asked, asked.prompt)
        prompts = _prompts(asked)
        limit = _DEFAULT_TOKENS if asked.max_tokens is None else asked.max_tokens
        if self._is_live(asked) and len(prompts) == 1 and not asked.echo:
            live = self._live(model, body | {"prompt": prompts[0]}, asked, limit, _turn(request))
            pieces = streaming.completion_pieces([((), live)], asked.logprobs)
            head = self._head("cmpl-", "text_completion", body)
            return _streamed_live(head, pieces, tokens.count(prompts[0]), live, asked)
        spoken = [
            (self._echo(model, asked, prompt), answer)
            for place, prompt in enumerate(prompts)
            for answer in self._answers(
                model, body | {"prompt": prompt}, asked, limit, _turn(request, place)
            )
        ]
        said = sum(len(answer.tokens) for _, answer in spoken)
        usage = tokens.usage(sum(map(tokens.count, prompts)), said)
        head = self._head("cmpl-", "text_completion", body)
        if asked.stream:
            pieces = streaming.completion_pieces(spoken, asked.logprobs)
            return _streamed(head, pieces, usage, asked)
        choices = [
            completion_choice(index, echo, answer, asked.logprobs)
            for index, (echo, answer) in enumerate(spoken)
        ]
        content = head | {"choices": choices, "usage": usage}
        return Response.of_json(content, tokens=usage["total_tokens"])

    def chat(self, request: Request) -> Response:
        """Continues a conversation."""
        body = request.json()
        asked = check(CreateChat, body)
        check_chat(asked)
        model = self._model(asked.model, "chat")
        check_length(model.base.id, asked)
        check_size(asked, body["messages"])
        limit = asked.max_completion_tokens or asked.max_tokens
        top = (asked.top_logprobs or 0) if asked.logprobs else None
        form = call_form(asked)
        if self._is_live(asked) and not asked.store:
            live = self._live(model, body, asked, limit, _turn(request))
            chunk = self._head("chatcmpl-", "chat.completion.chunk", body)
            pieces = streaming.chat_pieces([live], top, form, chunk["id"])
            return _streamed_live(chunk, pieces, tokens.count(body["messages"]), live, asked)
        answers = self._answers(model, body, asked, limit, _turn(request))
        said = sum(len(answer.tokens) for answer in answers)
        usage = tokens.usage(tokens.count(body["messages"]), said)
        head = self._head("chatcmpl-", "chat.completion", body)
        choices = [
            chat_choice(index, answer, top, form, head["id"])
            for index, answer in enumerate(answers)
        ]
        content = head | {"choices": choices, "usage": usage}
        if asked.store:
            content["metadata"] = asked.metadata or {}
            keep(self._store, content, body["messages"])
        if asked.stream:
            pieces = streaming.chat_pieces(answers, top, form, head["id"])
            chunk = head | {"object": "chat.completion.chunk"}
            return _streamed(chunk, pieces, usage, asked)
        return Response.of_json(content, tokens=usage["total_tokens"])

    def _model(self, name: str, form: Format) -> Model:
        model = self._models.find(name)
        if model is None:
            raise unknown(name)
        own = model.base.format
        if own != form:
            raise ApiError(
                404,
                f"This is a {own} model and not supported in the {_ENDPOINT[form]} endpoint. "
                f"Did you mean to use {_ENDPOINT[own]}?",
                param="model",
            )
        return model

    def _echo(self, model: Model, asked: CreateCompletion, prompt: str) -> Sequence[Token]:
        """The tokens of a prompt that is to be repeated."""
        if not asked.echo:
            return ()
        if asked.logprobs is None:
            return (Token(prompt, 0.0),)
        return self._models.read(model, prompt)

    def _answers(
        self,
        model: Model,
        body: JSON,
        asked: CreateCompletion | CreateChat,
        limit: int | None,
        turn: int | None,
    ) -> Sequence[Answer]:
        temperature, seed = self._chances(body, asked, turn)
        wanted = asked.n or 1
        tries = max(wanted, getattr(asked, "best_of", None) or 0)
        answers = [
            trim(self._models.answer(model, body, temperature, seed + choice), asked.stops, limit)
            for choice in range(tries)
        ]
        if tries > wanted:
            answers.sort(key=_likelihood, reverse=True)
        return answers[:wanted]

    def _is_live(self, asked: CreateCompletion | CreateChat) -> bool:
        """Whether the client is to read one answer while it is being made."""
        several = max(asked.n or 1, getattr(asked, "best_of", None) or 0) > 1
        return bool(asked.stream) and self._models.concurrent and not several

    def _live(
        self,
        model: Model,
        body: JSON,
        asked: CreateCompletion | CreateChat,
        limit: int | None,
        turn: int | None,
    ) -> LiveAnswer:
        tokens = self._models.stream(model, body, *self._chances(body, asked, turn))
        return LiveAnswer(tokens, asked.stops, limit)

    def _chances(
        self, body: JSON, asked: CreateCompletion | CreateChat, turn: int | None
    ) -> tuple[float, int]:
        """The temperature and the seed of an answer."""
        temperature = 1.0 if asked.temperature is None else asked.temperature
        if asked.seed is not None:
            return temperature, asked.seed
        if temperature == 0:
            return 0.0, 0
        question = {name: body[name] for name in sorted(body.keys() - _SHOWING)}
        if turn is None:
            turn = self._counts.count(_digest(0, 0, question | {"model": asked.model})[:16])
        # the model's name is another in every store, and must not decide
        return temperature, int.from_bytes(_digest(self._store.choices, turn, question)[:4])

    def _head(self, prefix: str, kind: str, body: JSON) -> JSON:
        return {
            "id": prefix + _digest(self._store.seed, next(self._numbers), body).hex()[:29],
            "object": kind,
            "created": int(self._clock()),
            "model": body["model"],
        }


def _turn(request: Request, place: int = 0) -> int | None:
    """Which of many equal requests it is, for the prompt at that place; None if nobody said."""
    return None if request.turn is None else (request.turn << 32) + place


def _digest(seed: int, number: int, body: JSON) -> bytes:
    return hashlib.sha256(b"%d/%d/%b" % (seed, number, dumps(body))).digest()


def _streamed(
    head: JSON, pieces: Generator[JSON], usage: JSON, asked: CreateCompletion | CreateChat
) -> Response:
    return streaming.respond(
        head, pieces, lambda: usage, shown=asked.streams_usage, cost=usage["total_tokens"]
    )


def _streamed_live(
    head: JSON,
    pieces: Generator[JSON],
    asked_tokens: int,
    live: LiveAnswer,
    asked: CreateCompletion | CreateChat,
) -> Response:
    """What is said while it is being said; it counts against a quota by its question alone."""
    return streaming.respond(
        head,
        pieces,
        lambda: tokens.usage(asked_tokens, live.said),
        shown=asked.streams_usage,
        cost=asked_tokens,
    )


def _likelihood(answer: Answer) -> float:
    """The mean log probability of an answer's tokens, by which the best is chosen."""
    return sum(token.logprob for token in answer.tokens) / max(1, len(answer.tokens))


def _prompts(asked: CreateCompletion) -> list[str]:
    if asked.prompt is None:
        return [""]
    given = [asked.prompt] if isinstance(asked.prompt, str) else asked.prompt
    prompts = [prompt for prompt in given if isinstance(prompt, str)]
    if len(prompts) < len(given):
        raise ApiError(
            400,
            "This service has no tokenizer: send 'prompt' as text, not as tokens.",
            param="prompt",
            code="unsupported_value",
        )
    return prompts
