"""The service behind an HTTP client's transport: no socket, no server, the same answers.

The openai package speaks through httpx up to 2.x and through httpx2 since 3.x; there is a transport
for each, made only when asked for.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from pitchpipe.service.http import Disconnect, Request, Response, Wait, let_go

if TYPE_CHECKING:
    import httpx2

    from pitchpipe.service.engine.clock import Clock
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

    class Transport(library.BaseTransport, library.AsyncBaseTransport):  # type: ignore[misc, name-defined]  # bases known at run time
        def __init__(self, service: Service) -> None:
            self._service = service

        def handle_request(self, request: Any) -> Any:
            sent = _from(request, request.read())
            line = _Line(library, self._service.clock, request)
            response = line.answer(self._service, sent)
            return line.response(response, Pieces)

        async def handle_async_request(self, request: Any) -> Any:
            from anyio import to_thread

            sent = _from(request, await request.aread())
            line = _Line(library, self._service.clock, request)
            # a poll may train for a while: the event loop must not wait for it
            response = await to_thread.run_sync(line.answer, self._service, sent)
            return line.response(response, AsyncPieces)

    class Pieces(library.SyncByteStream):  # type: ignore[misc, name-defined]  # as above
        def __init__(self, line: _Line, body: Iterator[bytes | Wait]) -> None:
            self._pieces = line.pieces(body)

        def __iter__(self) -> Iterator[bytes]:
            return self._pieces

        def close(self) -> None:
            self._pieces.close()

    class AsyncPieces(library.AsyncByteStream):  # type: ignore[misc, name-defined]  # as above
        def __init__(self, line: _Line, body: Iterator[bytes | Wait]) -> None:
            self._pieces = line.async_pieces(body)

        def __aiter__(self) -> AsyncIterator[bytes]:
            return self._pieces

        async def aclose(self) -> None:
            await self._pieces.aclose()

    return Transport


class _Line:
    """What lies between one request of a client and its answer, whole or broken.

    Args:
        library: the HTTP library, whose exceptions the client expects.
        clock: on which nothing comes for a while.
        request: whose timeout counts.
    """

    def __init__(self, library: ModuleType, clock: Clock, request: Any) -> None:
        self._library = library
        self._clock = clock
        self._patience: float | None = request.extensions.get("timeout", {}).get("read")

    def answer(self, service: Service, sent: Request) -> Response:
        try:
            response = service.handle(sent)
        except Disconnect:
            raise self._broken("Server disconnected without sending a response.") from None
        self._wait(response.delay)
        return response

    def response(self, response: Response, stream: Callable[..., Any]) -> Any:
        headers, body = dict(response.headers), response.body
        if isinstance(body, bytes):
            return self._library.Response(response.status, headers=headers, content=body)
        return self._library.Response(response.status, headers=headers, stream=stream(self, body))

    def pieces(self, body: Iterator[bytes | Wait]) -> Generator[bytes, None, None]:
        try:
            for piece in body:
                if isinstance(piece, Wait):
                    self._wait(piece.seconds)
                else:
                    yield piece
        except Disconnect:
            raise self._broken(
                "peer closed connection without sending complete message body "
                "(incomplete chunked read)"
            ) from None
        finally:
            let_go(body)  # the client has left

    async def async_pieces(self, body: Iterator[bytes | Wait]) -> AsyncGenerator[bytes, None]:
        from anyio import to_thread

        with contextlib.closing(self.pieces(body)) as pieces:
            # a piece may be long in coming: the event loop must not wait for it
            while (piece := await to_thread.run_sync(next, pieces, None)) is not None:
                yield piece

    def _wait(self, seconds: float) -> None:
        if self._patience is not None and seconds >= self._patience:
            self._clock.sleep(self._patience)
            raise self._library.ReadTimeout("The read operation timed out")
        if seconds:
            self._clock.sleep(seconds)

    def _broken(self, message: str) -> Exception:
        error: Exception = self._library.RemoteProtocolError(message)
        return error


def _from(request: _Sent, body: bytes) -> Request:
    target = request.url.raw_path.decode("ascii")
    return Request.of(request.method, target, request.headers.items(), body)
