"""The service on a socket, for clients that need one: tests, recordings, benchmarks."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pitchpipe.service.http import Request, Response, Wait
from pitchpipe.service.service import Service

_GENERATING = ("/v1/completions", "/v1/chat/completions")


@contextlib.contextmanager
def serve(
    service: Service, host: str = "127.0.0.1", port: int = 0, delay: float = 0.0
) -> Iterator[str]:
    """Serves until the block ends, each connection in a thread of its own.

    Args:
        service: what answers.
        host: the address to listen on.
        port: the port, 0 for a free one.
        delay: seconds that every completion takes longer.

    Yields:
        The base URL for clients.
    """
    server = _Server((host, port), service, delay)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://{host}:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.hang_up()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], service: Service, delay: float) -> None:
        super().__init__(address, _Handler)
        self.service = service
        self.delay = delay
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Ends the connections that clients keep alive."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def _answer(self) -> None:
        body = self._body()
        if self.server.delay and self.path in _GENERATING:
            time.sleep(self.server.delay)
        request = Request.of(self.command, self.path, self.headers.items(), body)
        self._send(self.server.service.handle(request))

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = _answer  # noqa: N815 - http.server's names

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        pieces = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(pieces)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if isinstance(response.body, bytes):
            self.send_header("content-length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)
        else:
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for piece in response.body:
                if isinstance(piece, Wait):
                    self.server.service.clock.sleep(piece.seconds)
                    continue
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def log_message(self, *args: Any) -> None:
        """Says nothing: the service logs."""
