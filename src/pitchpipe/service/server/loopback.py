"""A server in a thread, for as long as a block lasts: for tests, recordings, benchmarks."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

from pitchpipe.errors import ConfigError
from pitchpipe.service.service import Service

_START_SECONDS = 30.0


@contextlib.contextmanager
def serve(
    service: Service, host: str = "127.0.0.1", port: int = 0, **options: Any
) -> Iterator[str]:
    """Serves until the block ends.

    Args:
        service: what answers; whoever made it closes it.
        host: the address to listen on.
        port: the port, 0 for a free one.
        options: as for ``runner.server``, such as ``allow_origins``, ``allow_hosts`` and
            ``limits``.

    Yields:
        The base URL for clients.

    Raises:
        ConfigError: the address cannot be listened on.
        UsageError: an origin or a host is none.
    """
    from pitchpipe.service.server.runner import server

    with listening(host, port) as listener:
        running = server(service, listens_on=host, **options)
        thread = threading.Thread(target=running.run, args=([listener],), name="pitchpipe-serve")
        thread.start()
        try:
            running.wait_until_started(_START_SECONDS)
            yield base_url(listener)
        finally:
            running.should_exit = True
            thread.join()


def listening(host: str, port: int) -> socket.socket:
    """A socket bound to an address.

    Args:
        host: a name or an address of this machine.
        port: the port, 0 for a free one.

    Raises:
        ConfigError: it cannot be listened on; says why.
    """
    try:
        if not 0 <= port < 1 << 16:
            raise OSError("a port is a number from 0 to 65535")
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"cannot listen on {host}:{port}: {reason}. Port 0 takes a free one."
        ) from None
    return listener


def base_url(listener: socket.socket) -> str:
    """Where clients reach the API that is served on a socket."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"
