"""A client that sends whatever bytes it is given, and reads with a deadline."""

from __future__ import annotations

import asyncio
import importlib
import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

DEADLINE_SECONDS = 60.0
"""Long enough for a busy machine: only what never ends takes it."""


class RawClient:
    """One connection to a server.

    Args:
        url: of the API or of the server.
        buffer: bytes that the system keeps for this end, None for its own choice.
    """

    def __init__(self, url: str, buffer: int | None = None) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(DEADLINE_SECONDS)
        self.socket.connect((parts.hostname, parts.port))
        self.name = f"{parts.hostname}:{parts.port}"

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> bool:
        """Sends bytes; False if the server has closed the connection."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def get(
        self, path: str, *lines: str, host: str | None = None
    ) -> tuple[int, dict[str, str], Any]:
        """Asks for a path with these header lines, and reads the answer."""
        head = [f"GET {path} HTTP/1.1", f"Host: {host or self.name}", *lines, "", ""]
        self.send("\r\n".join(head).encode("latin-1"))
        return self.answer()

    def answer(self) -> tuple[int, dict[str, str], Any]:
        """Status, headers and body of the next answer; a JSON body as what it stands for."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            piece = self.socket.recv(1)
            assert piece, f"closed after {head!r}"
            head += piece
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
        }
        body = bytearray()
        size = int(headers.get("content-length", 0))
        while len(body) < size:  # and no further: another answer may follow
            piece = self.socket.recv(min(1 << 16, size - len(body)))
            assert piece, f"closed after {len(body)} bytes of the body"
            body += piece
        kind = headers.get("content-type", "")
        return int(first.split()[1]), headers, json.loads(body) if "json" in kind else bytes(body)

    def read_to_end(self) -> bytes:
        """All bytes until the server closes the connection."""
        pieces = []
        try:
            while piece := self.socket.recv(1 << 16):
                pieces.append(piece)
        except ConnectionResetError:
            pass
        return b"".join(pieces)

    def send_slowly_until_closed(self, piece: bytes = b"x") -> bytes:
        """Sends the same bytes again and again, and gives what the server says before it closes."""
        self.socket.settimeout(0.02)
        end = time.monotonic() + DEADLINE_SECONDS
        heard = b""
        while time.monotonic() < end:
            self.send(piece)
            try:
                got = self.socket.recv(1 << 16)
            except TimeoutError:
                continue
            except ConnectionResetError:
                return heard
            if not got:
                return heard
            heard += got
        raise AssertionError("the server did not close the connection")


def reader_of(name: str) -> type[asyncio.Protocol]:
    """Uvicorn's class that reads HTTP with a library; skips the test without that library."""
    pytest.importorskip(name)
    module = importlib.import_module(f"uvicorn.protocols.http.{name}_impl")
    classes = {"h11": "H11Protocol", "httptools": "HttpToolsProtocol"}
    found: type[asyncio.Protocol] = getattr(module, classes[name])
    return found
