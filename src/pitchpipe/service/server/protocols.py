"""Uvicorn's readers of HTTP, held to limits: h11's, and httptools' where that is installed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from pitchpipe.service.server.connections import log

if TYPE_CHECKING:
    from pitchpipe.service.server.connections import Connections

_MAX_PIPELINED = 64
"""Requests of one client that are read before the first of them is answered."""


def protocol(
    connections: Connections, base: type[asyncio.Protocol] | None = None
) -> type[asyncio.Protocol]:
    """Uvicorn's protocol, which tells the connections what comes and goes.

    Args:
        connections: those of one server.
        base: uvicorn's protocol, by default the fastest that is installed.
    """
    chosen: Any = base or AutoHTTPProtocol
    guarded = _guarded(chosen, connections)
    bounded = _bounded(guarded, connections) if hasattr(chosen, "on_headers_complete") else guarded
    return cast("type[asyncio.Protocol]", bounded)


def _guarded(base: Any, connections: Connections) -> Any:
    class Guarded(base):  # type: ignore[misc]  # chosen at run time
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.logger = log  # clients cause its warnings

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self.guard = connections.opened(self, transport)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.lost(self.guard)
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            connections.heard(self.guard, len(data))
            super().data_received(data)
            if self.is_framed():
                self.guard.unframed = 0
            elif connections.is_too_long(self.guard):
                connections.refuse_malformed(self.guard)
            connections.settle(self.guard)

        def is_framed(self) -> bool:
            """Whether the head of a request is complete; h11 limits the lines in a body itself."""
            return self.guard.is_busy or self.guard.has_rest

        def on_response_complete(self) -> None:
            super().on_response_complete()
            connections.settle(self.guard)

        def pause_writing(self) -> None:
            super().pause_writing()
            self.guard.stalled_since = self.loop.time()

        def resume_writing(self) -> None:
            super().resume_writing()
            self.guard.stalled_since = None

        def send_400_response(self, _: str) -> None:
            connections.refuse_malformed(self.guard)

        def _unsupported_upgrade_warning(self) -> None:
            """An upgrade that is not spoken is no upgrade; the request is answered as it is."""

    return Guarded


def _bounded(base: Any, connections: Connections) -> Any:
    class Bounded(base):  # type: ignore[misc]  # chosen at run time
        """httptools itself takes heads of any length, and any number of requests at once."""

        def is_framed(self) -> bool:
            return False  # told by the callbacks

        def on_url(self, url: bytes) -> None:
            self._count(len(url))
            super().on_url(url)

        def on_header(self, name: bytes, value: bytes) -> None:
            self._count(len(name) + len(value))
            super().on_header(name, value)

        def on_message_begin(self) -> None:
            self.head_bytes = 0
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            if len(self.pipeline) >= _MAX_PIPELINED:
                raise ValueError("too many requests at once")
            if not self.url.startswith(b"/"):
                raise ValueError(
                    "a path must begin with '/'; uvicorn would drop what stands before"
                )
            self.guard.unframed = 0
            super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            self.guard.unframed = 0
            super().on_body(body)

        def _count(self, size: int) -> None:
            self.head_bytes += size
            if self.head_bytes > connections.limits.head_bytes:
                self.guard.unframed = self.head_bytes
                raise ValueError("too long a head")

    return Bounded
