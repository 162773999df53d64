"""The offline service in the part of an old hosted one: under any path, with what others answer."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pitchpipe.service.http import Request, Response
from pitchpipe.service.service import Service

KEY = "sk-not-a-real-key-0123456789"
"""What clients send, and nothing may keep."""

Script = Callable[[Request], Response | None]


class OldService(ThreadingHTTPServer):
    """A service on loopback.

    Attributes:
        prefix: the path that stands in place of ``/v1``, as Azure has ``/openai``.
        script: answers a request in place of the service, or leaves it to it with None.
        headers: what every answer has besides.
        asked: method and path, without the prefix, of every request.
    """

    daemon_threads = False

    def __init__(self, service: Service, prefix: str = "/v1") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.service = service
        self.prefix = prefix
        self.script: Script = lambda request: None
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []

    @property
    def root(self) -> str:
        """Its address without a path."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        """The base URL of its API."""
        return self.root + self.prefix

    def paths(self, beginning: str = "") -> list[str]:
        """The paths that were asked for."""
        return [path for _, path in self.asked if path.startswith(beginning)]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: a client may hang up."""


class _Handler(BaseHTTPRequestHandler):
    server: OldService
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        target = self.path.removeprefix(self.server.prefix)
        self.server.asked.append((self.command, target.partition("?")[0]))
        request = Request.of(self.command, f"/v1{target}", self.headers.items(), body)
        response = self.server.script(request) or self.server.service.handle(request)
        content = response.body if isinstance(response.body, bytes) else b"".join(response.body)  # type: ignore[arg-type]
        self.send_response(response.status)
        length = {"content-length": str(len(content)), "connection": "close"}
        headers = {**length, **response.headers, **self.server.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 - http.server's names

    def log_message(self, *args: object) -> None:
        pass


@contextlib.contextmanager
def old_service(service: Service, prefix: str = "/v1") -> Iterator[OldService]:
    """The service on loopback, while the block runs."""
    made = OldService(service, prefix)
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


def of_json(value: object, status: int = 200, **headers: str) -> Response:
    """An answer."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    content = json.dumps(value).encode()
    return Response(status, {"content-type": "application/json", **named}, content)


def refusal(status: int, message: str = "no", **headers: str) -> Response:
    """A refusal in the API's shape."""
    error = {"message": message, "type": "t", "param": None, "code": None}
    return of_json({"error": error}, status, **headers)
