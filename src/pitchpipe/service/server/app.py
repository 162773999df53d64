"""The service as an ASGI application."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from anyio import to_thread
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

from pitchpipe.service.http import ApiError, Disconnect, Request, Response, Wait, let_go
from pitchpipe.service.server import bodies
from pitchpipe.service.server.metrics import CONTENT_TYPE, Metrics
from pitchpipe.service.server.origins import Headers, OriginPolicy

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
_MOST_QUICK = 64 << 10
"""Bytes of a body that is read, checked and answered at once, without a thread."""

_HEALTH = "/healthz"
_METRICS = "/metrics"
_METHODS = ("GET", "POST", "DELETE")
_PIECE = 1 << 16  # of an answer: what uvicorn sends in one piece waits in memory for the client


def application(
    service: Service,
    connections: Connections,
    *,
    keys: KeyFile | None = None,
    most_upload: int = MOST_UPLOAD,
    workers: Callable[[], int] = lambda: 0,
    allow_origins: Iterable[str] = (),
    allow_hosts: Iterable[str] = (),
    listens_on: str = "127.0.0.1",
) -> ASGIApp:
    """The API, and beside it ``/healthz`` and ``/metrics``.

    Args:
        service: what answers.
        connections: those of the server that runs this.
        keys: who may ask; everybody without it.
        most_upload: bytes of an uploaded file.
        workers: tells how many processes are training.
        allow_origins: web pages that may ask as well, such as ``http://localhost:3000``.
        allow_hosts: names by which this may be reached as well, where no keys are asked for.
        listens_on: the address that the server listens on.

    Raises:
        UsageError: an origin or a host is none.
    """
    metrics = Metrics(service.store, workers)
    policy = OriginPolicy(allow_origins, allow_hosts, listens_on=listens_on, keyed=keys is not None)
    doorkeeper = Doorkeeper(keys, policy)
    api = Api(service, connections, doorkeeper, metrics, most_upload)
    beside = _beside(doorkeeper, metrics)
    shared: dict[ASGIApp, ASGIApp] = {app: _shared(app, policy) for app in (api, beside)}

    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        app: ASGIApp = api
        if path == _HEALTH:
            await beside(scope, receive, send)
            return
        try:
            connections.check(scope)
            _check_framing(path, scope["headers"])
        except ApiError as error:
            headers = {"connection": "close"} | (
                {"retry-after": "1"} if error.status == 503 else {}
            )
            await JSONResponse(error.body, error.status, headers)(scope, receive, send)
            return
        if path == _METRICS:
            app = beside
        if policy.origins and policy.shares_with(scope["headers"]):
            app = shared[app]
        await app(scope, receive, send)

    return choose


def _check_framing(path: str, headers: Headers) -> None:
    """Refuses requests of which two readers could make two things.

    RFC 9112: a message with both lengths (6.1) is closed on, a target without a path (3.2.2) is a
    proxy's, and may name another host than the header Host.
    """
    names = [name for name, _ in headers]
    if b"transfer-encoding" in names and b"content-length" in names:
        raise ApiError(
            400,
            "Found the headers Transfer-Encoding and Content-Length; expected one of them.",
            code="invalid_http",
        )
    if not path.startswith("/"):
        raise ApiError(
            400,
            "The request line has no path; expected one that begins with '/', as /v1/models.",
            code="invalid_http",
        )


def _shared(app: ASGIApp, policy: OriginPolicy) -> ASGIApp:
    """An application whose answers the pages of other origins may read."""
    return CORSMiddleware(
        app,
        allow_origins=tuple(policy.origins),
        allow_methods=_METHODS,
        allow_headers=("*",),
        expose_headers=("*",),
    )


def _beside(doorkeeper: Doorkeeper, metrics: Metrics) -> Starlette:
    async def healthz(_: Asked) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def show_metrics(asked: Asked) -> PlainTextResponse | JSONResponse:
        try:
            doorkeeper.check(asked.scope["headers"])
        except ApiError as error:
            return JSONResponse(error.body, error.status)
        return PlainTextResponse(metrics.text(), headers={"content-type": CONTENT_TYPE})

    async def refuse(asked: Asked, _: Exception) -> JSONResponse:
        path, method = asked.scope["path"], asked.scope["method"]
        refused = ApiError(
            405, f"{path} answers GET, not {method[:20]}.", code="method_not_allowed"
        )
        return JSONResponse(refused.body, refused.status, {"allow": "GET, HEAD"})

    return Starlette(
        routes=[Route(_HEALTH, healthz), Route(_METRICS, show_metrics)],
        exception_handlers={405: refuse},
    )


class Doorkeeper:
    """Lets in whoever has a key; where there are no keys, all but foreign web pages.

    Args:
        keys: the keys, None to ask for none.
        policy: which pages are foreign.
    """

    def __init__(self, keys: KeyFile | None, policy: OriginPolicy) -> None:
        self._keys = keys
        self._policy = policy

    def check(self, headers: Headers) -> str:
        """The name of the key that a request shows, "" where none is asked for.

        Raises:
            ApiError: it shows none, or a wrong one; a web page sends it that may not; or the keys
                cannot be read.
        """
        self._policy.check(headers)
        if self._keys is None:
            return ""
        shown = dict(headers)
        scheme, _, given = shown.get(b"authorization", b"").decode("latin-1").partition(" ")
        bearer = scheme.lower() == "bearer"
        key = given.strip() if bearer else shown.get(b"api-key", b"").decode("latin-1")
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
                key = self._doorkeeper.check(scope["headers"])
                request.body = await bodies.read(
                    receive, request.headers, MOST_JSON, self._most_form
                )
                small = len(request.body) <= _MOST_QUICK
                if small and (route is None or route.is_quick(request)):
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
        last = max(0, len(body) - 1) // _PIECE * _PIECE
        for place in range(0, last, _PIECE):
            piece = body[place : place + _PIECE]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": body[last:]})

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
