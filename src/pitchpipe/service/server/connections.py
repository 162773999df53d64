"""The open connections of a server: how many, how long each waits, and which give way."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from pitchpipe.service.http import ApiError, dumps
from pitchpipe.service.server.limits import SPARE_CONNECTIONS, Limits
from pitchpipe.service.server.repeats import RepeatFilter

if TYPE_CHECKING:
    from starlette.types import Scope

Address = tuple[str, int]

log = logging.getLogger("pitchpipe.connections")
"""Tells what clients were refused before they had asked for anything."""

log.addFilter(RepeatFilter())  # one count for a process, whose log is one

_RETRY_SECONDS = 1
_EMERGENCY_SECONDS = 0.5


class Connection:
    """One connection of a client.

    Args:
        protocol: uvicorn's, which reads from it.
        transport: its bytes.
        now: seconds of the loop's clock.

    Attributes:
        is_spare: whether it came when the server was full, so that it may ask for nothing but its
            health.
        unframed: bytes that came since the last head or piece of a body was complete.
    """

    def __init__(self, protocol: Any, transport: asyncio.Transport, now: float) -> None:
        self.protocol = protocol
        self.transport = transport
        self.is_spare = False
        self.unframed = 0
        self.is_waiting = True
        self.since = now
        self.heard = 0
        self.stalled_since: float | None = None
        self.closing_since: float | None = None
        peer = transport.get_extra_info("peername")
        self.address = cast("Address", tuple(peer[:2]) if peer else ())

    @property
    def is_busy(self) -> bool:
        """Whether a request is being answered, or its body is still coming."""
        cycle = self.protocol.cycle
        return cycle is not None and not cycle.response_complete

    @property
    def has_rest(self) -> bool:
        """Whether a part of the latest request's body has not come."""
        cycle = self.protocol.cycle
        return cycle is not None and bool(cycle.more_body)

    def refuse(self, error: ApiError) -> None:
        """Ends it with an answer that no request was complete enough for."""
        if self.transport.is_closing():
            return
        if self.transport.get_write_buffer_size() or (
            self.is_busy and self.protocol.cycle.response_started
        ):
            self.transport.abort()  # another answer is on its way
            return
        body = dumps(error.body)
        head = [
            f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}",
            "content-type: application/json",
            f"content-length: {len(body)}",
            "connection: close",
        ]
        if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
            head.append(f"retry-after: {_RETRY_SECONDS}")
        self.transport.write("\r\n".join([*head, "", ""]).encode() + body)
        self.transport.close()


class Connections:
    """The open connections of a server.

    Args:
        limits: how many there may be, and how long they may wait.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._limit = self.max_connections = self.limits.max_connections
        self._open: dict[Connection, None] = {}
        self._waiting: dict[Connection, None] = {}  # for a request, the longest first
        self._by_address: dict[Address, Connection] = {}
        self._sweeping = False
        self._made_room = -_EMERGENCY_SECONDS

    def __len__(self) -> int:
        return len(self._open)

    def abort(self, scope: Scope) -> None:
        """Drops the connection of a request; what was not sent yet is lost."""
        connection = self._by_address.get(tuple(scope["client"] or ()))
        if connection is not None:
            connection.transport.abort()

    def check(self, scope: Scope) -> None:
        """Lets a request of the API pass.

        Raises:
            ApiError: its connection is one too many.
        """
        connection = self._by_address.get(tuple(scope["client"] or ()))
        if connection is None or not connection.is_spare:
            return
        if len(self._open) <= self.max_connections:
            connection.is_spare = False
            return
        log.warning(
            "%d connections are open, which is the limit (--max-connections): "
            "answered a request with 503",
            self.max_connections,
        )
        raise self._full()

    def opened(self, protocol: Any, transport: asyncio.Transport) -> Connection:
        """Takes a connection in; beyond the limit, another one gives way to it."""
        loop = protocol.loop
        connection = Connection(protocol, transport, loop.time())
        self._open[connection] = None
        self._by_address[connection.address] = connection
        if len(self._open) > self.max_connections and not self.make_room():
            connection.is_spare = True
            if len(self._open) > self.max_connections + SPARE_CONNECTIONS:
                self._forget(connection)
                transport.abort()
                return connection
        self._waiting[connection] = None
        if not self._sweeping:
            self._sweeping = True
            loop.call_later(self.limits.sweep_seconds, self._sweep, loop)
        return connection

    def lost(self, connection: Connection) -> None:
        """Forgets a connection that is closed."""
        self._forget(connection)

    def make_room(self) -> bool:
        """Closes the connection that has waited longest for a request; False if none does."""
        if not self._close_oldest(1):
            return False
        log.warning(
            "%d connections are open, which is the limit (--max-connections): "
            "closed one that waited for a request",
            self.max_connections,
        )
        return True

    def _close_oldest(self, count: int) -> int:
        closed = 0
        while self._waiting and closed < count:
            connection = next(iter(self._waiting))
            self._forget(connection)
            closed += 1
            if connection.heard and not connection.has_rest:
                connection.refuse(self._full())
            elif connection.transport.get_write_buffer_size():
                connection.transport.abort()  # close would wait until it is read
            else:
                connection.transport.close()
        return closed

    def out_of_files(self, now: float) -> None:
        """Closes half of those that wait, and takes fewer for now: the system gives out no files.

        Args:
            now: seconds of the loop's clock; asyncio calls this many times in a row.
        """
        if now - self._made_room < _EMERGENCY_SECONDS:
            return
        self._made_room = now
        log.warning(
            "this process may open no more files (ulimit -n): closed connections that waited for a "
            "request, and takes fewer for a while"
        )
        # who came last has only just been let in
        self._close_oldest((len(self._waiting) + 1) // 2)
        self.max_connections = max(1, min(self.max_connections, len(self._open)))

    def heard(self, connection: Connection, size: int) -> None:
        """Counts bytes that came, before they are read."""
        if connection.is_waiting and not connection.heard and connection.protocol.cycle is not None:
            connection.since = connection.protocol.loop.time()  # a next request begins
        connection.heard += size
        connection.unframed += size

    def settle(self, connection: Connection) -> None:
        """Notes what a connection waits for, after something was read or answered."""
        waits = not connection.is_busy
        if waits == connection.is_waiting or connection not in self._open:
            return
        connection.is_waiting = waits
        connection.since = connection.protocol.loop.time()
        connection.heard = 0
        if waits:
            self._waiting[connection] = None
        else:
            self._waiting.pop(connection, None)

    def is_too_long(self, connection: Connection) -> bool:
        """Whether more came than the head of a request may be, and no head is complete."""
        return connection.unframed > self.limits.head_bytes

    def refuse_malformed(self, connection: Connection) -> None:
        """Ends a connection whose bytes are no HTTP, or too many for the head of a request."""
        if self.is_too_long(connection):
            error = ApiError(
                431,
                "The request line and headers are too long: this server takes "
                f"{self.limits.head_bytes} bytes.",
                code="request_header_fields_too_large",
            )
        else:
            error = ApiError(400, "This is no valid HTTP/1.1 request.", code="invalid_http")
        log.warning("a client sent no valid HTTP: answered %d", error.status)
        connection.refuse(error)

    def _full(self) -> ApiError:
        return ApiError(
            503,
            f"This server has {self.max_connections} connections, which is its limit. Try again "
            "in a second, or start it with a higher --max-connections.",
            code="too_many_connections",
            kind="server_error",
        )

    def _forget(self, connection: Connection) -> None:
        self._open.pop(connection, None)
        self._waiting.pop(connection, None)
        if self._by_address.get(connection.address) is connection:
            del self._by_address[connection.address]

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in list(self._open):
            self._look_at(connection, now)
        if self.max_connections < self._limit:
            self.max_connections += 1  # after files ran out
        self._sweeping = bool(self._open)
        if self._sweeping:
            loop.call_later(self.limits.sweep_seconds, self._sweep, loop)

    def _look_at(self, connection: Connection, now: float) -> None:
        limits, transport = self.limits, connection.transport
        waited = now - connection.since
        if transport.is_closing():
            if connection.closing_since is None:
                connection.closing_since = now
            elif now - connection.closing_since >= limits.linger_seconds:
                transport.abort()
        elif (
            connection.stalled_since is not None
            and now - connection.stalled_since >= limits.stall_seconds
        ):
            log.warning("a client does not read its answer: closed the connection")
            transport.abort()
        elif not connection.is_waiting:
            self._look_at_body(connection, now, waited)
        elif connection.has_rest:  # it was answered early, and what it still sends is thrown away
            if waited >= limits.linger_seconds:
                transport.close()
        elif waited >= limits.head_seconds and (
            connection.heard or connection.protocol.cycle is None
        ):  # uvicorn itself closes those that are idle
            self._time_out(connection, f"headers within {limits.head_seconds:g} seconds")

    def _look_at_body(self, connection: Connection, now: float, waited: float) -> None:
        limits = self.limits
        if not connection.has_rest or connection.protocol.flow.read_paused:
            connection.since, connection.heard = now, 0  # the client has nothing to do
        elif waited >= limits.body_seconds:
            if connection.heard < limits.body_bytes:
                self._time_out(
                    connection,
                    f"at least {limits.body_bytes} bytes of the body in each "
                    f"{limits.body_seconds:g} seconds",
                )
            connection.since, connection.heard = now, 0

    def _time_out(self, connection: Connection, expected: str) -> None:
        log.warning("a client is too slow: expected %s; closed the connection", expected)
        if connection.heard or not connection.is_waiting:
            message = f"The request came too slowly: expected {expected}."
            connection.refuse(ApiError(408, message, code="request_timeout"))
        else:
            connection.transport.close()
