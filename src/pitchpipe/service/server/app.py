"""The service as an ASGI application."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from anyio import to_thread
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

from pitchpipe.service.http import ApiError, Disconnect, Request, Response, Wait, let_go
from pitchpipe.service.server import bodies
from pitchpipe.service.server.metrics import CONTENT_TYPE, Metrics

if TYPE_CHECKING:
    from starlette.requests import Request as Asked
    from starlette.types import ASGIApp, Receive, Scope, Send

    from pitchpipe.service.router import Route as ApiRoute
    from pitchpipe.service.server.connections import Connections
    from pitchpipe.service.server.keys import KeyFile
    from pitchpipe.service.service import Service

_access = logging.getLogger("pitchpipe.access")

MOST_JSON = 64 << 20
"""Bytes of a body that is no upload."""

MOST_UPLOAD = 512 << 20
"""Bytes of an uploaded file: the vendor's own limit."""

_FORM_OVERHEAD = 1 << 20
_BESIDE = ("/healthz", "/metrics")


def application(
    service: Service,
    connections: Connections,
    *,
    keys: KeyFile | None = None,
    most_upload: int = MOST_UPLOAD,
    workers: Callable[[], int] = lambda: 0,
) -> ASGIApp:
    """The API, and beside it ``/healthz`` and ``/metrics``.

    Args:
        service: what answers.
        connections: those of the server that runs this.
        keys: who may ask; everybody without it.
        most_upload: bytes of an uploaded file.
        workers: tells how many processes are training.
    """
    metrics = Metrics(service.store, workers)
    doorkeeper = Doorkeeper(keys)
    api = Api(service, connections, doorkeeper, metrics, most_upload)
    beside = _beside(doorkeeper, metrics)

    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        # the API goes first and straight: it is what a server is asked for all day
        app = beside if scope["path"] in _BESIDE else api
        await app(scope, receive, send)

    return choose


def _beside(doorkeeper: Doorkeeper, metrics: Metrics) -> Starlette:
    async def healthz(_: Asked) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def show_metrics(asked: Asked) -> PlainTextResponse | JSONResponse:
        try:
            doorkeeper.check(asked.headers)
        except ApiError as error:
            return JSONResponse(error.body, error.status)
        return PlainTextResponse(metrics.text(), headers={"content-type": CONTENT_TYPE})

    return Starlette(routes=[Route("/healthz", healthz), Route("/metrics", show_metrics)])


class Doorkeeper:
    """Lets in whoever has a key.

    Args:
        keys: the keys, None to let everybody in.
    """

    def __init__(self, keys: KeyFile | None) -> None:
        self._keys = keys

    def check(self, headers: Mapping[str, str]) -> str:
        """The name of the key that a request shows, "" where none is asked for.

        Raises:
            ApiError: it shows none, or a wrong one.
        """
        if self._keys is None:
            return ""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        key = given.strip() if scheme.lower() == "bearer" else headers.get("api-key", "")
        name = self._keys.name_of(key) if key else None
        if name is None:
            found = "Incorrect API key provided." if key else "You didn't provide an API key."
            raise ApiError(
                401,
                f"{found} Send the header 'Authorization: Bearer KEY'.",
                code="invalid_api_key" if key else None,
            )
        return name


class Api:
    """Answers requests under ``/v1``; training and other long work is done in threads.

    Args:
        service: what answers.
        connections: those of the server that runs this.
        doorkeeper: who may ask.
        metrics: what is counted.
        most_upload: bytes of an uploaded file.
    """

    def __init__(
        self,
        service: Service,
        connections: Connections,
        doorkeeper: Doorkeeper,
        metrics: Metrics,
        most_upload: int,
    ) -> None:
        self._service = service
        self._connections = connections
        self._doorkeeper = doorkeeper
        self._metrics = metrics
        self._most_form = most_upload + _FORM_OVERHEAD

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        begun = time.perf_counter()
        request = _request(scope)
        found = self._service.find(request)
        route = found and found[0]
        key, status = "", 0
        self._metrics.in_flight += 1
        try:
            try:
                key = self._doorkeeper.check(request.headers)
                request.body = await bodies.read(
                    receive, request.headers, MOST_JSON, self._most_form
                )
                if route is None or route.is_quick(request):
                    response = self._service.handle(request, found)
                else:
                    response = await to_thread.run_sync(self._service.handle, request, found)
            except ApiError as error:
                response = error.response()
            status = response.status
            if response.delay:
                await asyncio.sleep(response.delay)
            seconds = time.perf_counter() - begun
            self._metrics.count(request.method, route, status, len(request.body), seconds)
            await self._send(response, route, scope, receive, send)
        except bodies.ClientLeftError:
            pass
        except Disconnect:
            await self._hang_up(scope, receive)
        finally:
            self._metrics.in_flight -= 1
            if _access.isEnabledFor(logging.INFO):
                _log(request, key, status, time.perf_counter() - begun)

    async def _send(
        self, response: Response, route: ApiRoute | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        body = response.body
        if not isinstance(body, bytes):
            pieces = _pieces(body, threaded=route is not None and not route.is_quick())
            headers = dict(response.headers)
            await StreamingResponse(pieces, response.status, headers)(scope, receive, send)
            return
        head = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in response.headers.items()
        ]
        if "content-length" not in response.headers:
            head.append((b"content-length", b"%d" % len(body)))
        start = {"type": "http.response.start", "status": response.status, "headers": head}
        await send(start)
        await send({"type": "http.response.body", "body": body})

    async def _hang_up(self, scope: Scope, receive: Receive) -> None:
        self._connections.abort(scope)
        while (await receive())["type"] != "http.disconnect":
            pass


async def _pieces(body: Iterator[bytes | Wait], threaded: bool) -> AsyncIterator[bytes]:
    try:
        while True:
            if threaded:
                piece = await to_thread.run_sync(next, body, None)
            else:
                piece = next(body, None)
            if piece is None:
                return
            if isinstance(piece, Wait):
                await asyncio.sleep(piece.seconds)
            else:
                yield piece
    finally:
        let_go(body)


def _request(scope: Scope) -> Request:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return Request(
        scope["method"],
        path.decode("latin-1"),
        tuple(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else (),
        {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
    )


def _log(request: Request, key: str, status: int, seconds: float) -> None:
    _access.info(
        "%s %s %d",
        request.method,
        request.path,
        status,
        extra={
            "method": request.method,
            "path": request.path,
            "status": status,
            "bytes": len(request.body),
            "milliseconds": round(seconds * 1000, 2),
            "key": key,
        },
    )
