"""Uvicorn, set up for this service."""

from __future__ import annotations

import threading
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Callable
from socket import socket
from typing import Any

import uvicorn

from pitchpipe.service.server.app import application
from pitchpipe.service.server.connections import Connections
from pitchpipe.service.server.limits import ACCEPT_AT_ONCE, Limits
from pitchpipe.service.server.protocols import protocol
from pitchpipe.service.service import Service

_GRACE_SECONDS = 3
_QUEUE = 1024  # connections that the system keeps until they are accepted
_OUT_OF_FILES = "socket.accept() out of system resource"


class Server(uvicorn.Server):
    """A server that tells when it has started, and goes on where files run out.

    Args:
        config: as uvicorn takes it.
        connections: those of this server.

    Attributes:
        started_up: called once it listens and takes signals; may be set.
    """

    def __init__(self, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self._connections = connections
        self._ready = threading.Event()
        self.started_up: Callable[[], object] = lambda: None

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Starts to listen."""
        get_running_loop().set_exception_handler(self._handle)
        await super().startup(sockets)
        for listener in sockets or ():
            # uvicorn has one number for this and for how many are accepted at once
            listener.listen(_QUEUE)
        self.started_up()
        self._ready.set()

    def wait_until_started(self, seconds: float) -> None:
        """Returns once it listens.

        Raises:
            TimeoutError: it does not, for so long.
        """
        if not self._ready.wait(seconds):
            raise TimeoutError(f"the server did not start within {seconds:.0f} seconds")

    def _handle(self, loop: AbstractEventLoop, context: dict[str, Any]) -> None:
        if context.get("message") == _OUT_OF_FILES:
            self._connections.out_of_files(loop.time())  # asyncio tries again in a second
        else:
            loop.default_exception_handler(context)


def server(service: Service, *, limits: Limits | None = None, **options: Any) -> Server:
    """A server of the service, not yet running.

    Args:
        service: what answers.
        limits: what one client may take from the others.
        options: as for ``application``.
    """
    connections = Connections(limits)
    limits = connections.limits
    config = uvicorn.Config(
        application(service, connections, **options),
        http=protocol(connections),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_keep_alive=limits.idle_seconds,  # type: ignore[arg-type]  # a part of a second will do
        h11_max_incomplete_event_size=limits.head_bytes,
        backlog=ACCEPT_AT_ONCE,
    )
    return Server(config, connections)
