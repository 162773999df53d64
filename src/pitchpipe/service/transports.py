"""The service behind an HTTP client's transport: no socket, no server, the same answers.

The openai package speaks through httpx up to 2.x and through httpx2 since 3.x; there is a transport
for each, made only when asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Iterator
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from pitchpipe.service.http import Request, Response

if TYPE_CHECKING:
    import httpx2

    from pitchpipe.service.service import Service

BASE_URL = "http://pitchpipe.invalid/v1"
"""A base URL for clients of these transports; its host cannot exist."""


class _Sent(Protocol):
    """What the request objects of both libraries have in common."""

    @property
    def method(self) -> str: ...
    @property
    def url(self) -> Any: ...
    @property
    def headers(self) -> Any: ...


def httpx_transport(service: Service) -> Any:
    """A transport for ``httpx.Client`` and ``httpx.AsyncClient`` alike."""
    return _transport_class("httpx")(service)


def httpx2_transport(service: Service) -> Any:
    """A transport for ``httpx2.Client`` and ``httpx2.AsyncClient`` alike."""
    return _transport_class("httpx2")(service)


def openai_http_client(service: Service) -> httpx2.Client:
    """An ``http_client`` for ``openai.OpenAI``, of the library that the installed package uses."""
    library = _openai_library()
    client: httpx2.Client = library.Client(
        transport=_transport_class(library.__name__)(service), base_url=BASE_URL
    )
    return client


def openai_async_http_client(service: Service) -> httpx2.AsyncClient:
    """The same for ``openai.AsyncOpenAI``."""
    library = _openai_library()
    client: httpx2.AsyncClient = library.AsyncClient(
        transport=_transport_class(library.__name__)(service), base_url=BASE_URL
    )
    return client


def _openai_library() -> ModuleType:
    from openai import _base_client

    # what it imports decides, not its version
    name = "httpx2" if hasattr(_base_client, "httpx2") else "httpx"
    return importlib.import_module(name)


@cache
def _transport_class(name: str) -> Any:
    library = importlib.import_module(name)

    def to_response(response: Response, content: Any) -> Any:
        return library.Response(response.status, headers=dict(response.headers), content=content)

    class Transport(library.BaseTransport, library.AsyncBaseTransport):  # type: ignore[misc, name-defined]  # bases known at run time
        def __init__(self, service: Service) -> None:
            self._service = service

        def handle_request(self, request: Any) -> Any:
            response = self._service.handle(_from(request, request.read()))
            return to_response(response, response.body)

        async def handle_async_request(self, request: Any) -> Any:
            from anyio import to_thread

            sent = _from(request, await request.aread())
            # a poll may train for a while: the event loop must not wait for it
            response = await to_thread.run_sync(self._service.handle, sent)
            body = response.body
            return to_response(response, body if isinstance(body, bytes) else _async(body))

    return Transport


def _from(request: _Sent, body: bytes) -> Request:
    target = request.url.raw_path.decode("ascii")
    return Request.of(request.method, target, request.headers.items(), body)


async def _async(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
