"""Uvicorn, set up for this service."""

from __future__ import annotations

import threading
from typing import Any

import uvicorn

from pitchpipe.service.server.app import application
from pitchpipe.service.server.connections import Connections
from pitchpipe.service.service import Service

_GRACE_SECONDS = 3


class Server(uvicorn.Server):
    """A server that tells when it has started."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ready = threading.Event()

    async def startup(self, *args: Any, **kwargs: Any) -> None:
        """Starts to listen."""
        await super().startup(*args, **kwargs)
        self._ready.set()

    def wait_until_started(self, seconds: float) -> None:
        """Returns once it listens.

        Raises:
            TimeoutError: it does not, for so long.
        """
        if not self._ready.wait(seconds):
            raise TimeoutError(f"the server did not start within {seconds:.0f} seconds")


def server(service: Service, **options: Any) -> Server:
    """A server of the service, not yet running.

    Args:
        service: what answers.
        options: as for ``application``.
    """
    connections = Connections()
    config = uvicorn.Config(
        application(service, connections, **options),
        http=connections.protocol(),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_keep_alive=75,
    )
    return Server(config)
