"""Raw bytes to a port of this machine, and the answers in what comes back."""

from __future__ import annotations

import http.client
import io
import json
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

SECONDS = 60
"""How long a server may take to answer or to hang up; only what never ends takes longer."""


@dataclass(frozen=True)
class Answer:
    """One response.

    Attributes:
        status: the HTTP status.
        headers: by lower-case name.
        body: whole.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


def request(
    method: str, path: str, body: bytes = b"", kind: str = "application/json", key: str = ""
) -> bytes:
    """A well-formed request, after which the connection is to be closed."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", "connection: close"]
    lines += [f"authorization: Bearer {key}"] if key else []
    lines += [f"content-type: {kind}", f"content-length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def ask(port: int, data: bytes) -> Answer:
    """Sends one whole request, and reads its answer.

    Raises:
        AssertionError: there is none.
    """
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        with suppress(ConnectionError):  # refused before it was read to its end
            connection.sendall(data)
        received = _read(connection)
    answers = parse(received, data)
    assert answers, f"no answer to {data[:200]!r}, but {received[:200]!r}"
    return answers[0]


def throw(port: int, pieces: Sequence[bytes]) -> list[Answer]:
    """Sends bytes that may be no request, says that nothing follows, and waits for the end.

    Returns:
        The answers that came whole.
    """
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(ConnectionError, OSError):
            for piece in pieces:
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
        return parse(_read(connection), pieces[0] if pieces else b"")


def _read(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    received = bytearray()
    with suppress(ConnectionError):
        while piece := connection.recv(1 << 16):
            received += piece
    return bytes(received)


class _Received:
    """A socket from which bytes were received already, as ``http.client`` wants it."""

    def __init__(self, data: bytes) -> None:
        self.stream = io.BytesIO(data)
        self.stream.close = lambda: None  # type: ignore[method-assign]  # one for all answers

    def makefile(self, *_: object) -> io.BytesIO:
        return self.stream


def parse(received: bytes, sent: bytes) -> list[Answer]:
    """The whole answers at the beginning of what was received.

    Args:
        received: by a client.
        sent: by the client; an answer to HEAD has no body.
    """
    channel: Any = _Received(received)
    method = "HEAD" if sent.startswith(b"HEAD ") else "GET"
    answers = []
    while channel.stream.tell() < len(received):
        answer = http.client.HTTPResponse(channel, method=method)
        try:
            answer.begin()
            body = answer.read()
        except (http.client.HTTPException, ValueError):
            break
        headers = {name.lower(): value for name, value in answer.getheaders()}
        answers.append(Answer(answer.status, headers, body))
    return answers
