"""Engines: what models were called until 2022, and clients of 2023 still can."""

from __future__ import annotations

from pitchpipe.service.engine.models import Models, unknown
from pitchpipe.service.http import JSON, Request, Response, dumps
from pitchpipe.service.router import Handler, Route


class EngineRoutes:
    """The routes under ``/v1/engines``.

    Args:
        models: the models that engines are.
        completion: answers a request for a completion.
        chat: answers a request for a chat completion.
    """

    def __init__(self, models: Models, completion: Handler, chat: Handler) -> None:
        self._models = models
        self._completion = completion
        self._chat = chat

    def routes(self) -> tuple[Route, ...]:
        """What clients may ask for."""
        return (
            Route("GET", "/engines", self.list),
            Route("GET", "/engines/*", self.retrieve),
            Route("POST", "/engines/*/completions", self.complete),
            Route("POST", "/engines/*/chat/completions", self.converse),
        )

    def list(self, _: Request) -> Response:
        """Lists the base models."""
        return Response.of_json(
            {"object": "list", "data": [_shown(name) for name in self._models.bases]}
        )

    def retrieve(self, _: Request, name: str) -> Response:
        """Describes a model as an engine."""
        if self._models.find(name) is None:
            raise unknown(name)
        return Response.of_json(_shown(name))

    def complete(self, request: Request, name: str) -> Response:
        """Completes a prompt with the engine."""
        return self._completion(_with_model(request, name))

    def converse(self, request: Request, name: str) -> Response:
        """Continues a conversation with the engine."""
        return self._chat(_with_model(request, name))


def _with_model(request: Request, name: str) -> Request:
    body = dumps(request.json() | {"model": name})
    return Request(request.method, request.path, request.query, request.headers, body)


def _shown(name: str) -> JSON:
    return {"id": name, "object": "engine", "owner": "openai", "ready": True}
