"""Uvicorn's connections, so that one can be dropped in the middle of an answer."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.auto import AutoHTTPProtocol

if TYPE_CHECKING:
    from starlette.types import Scope

Address = tuple[str, int]


class Connections:
    """The open connections of a server, by the client's address."""

    def __init__(self) -> None:
        self._open: dict[Address, asyncio.Transport] = {}

    def abort(self, scope: Scope) -> None:
        """Drops the connection of a request; what was not sent yet is lost."""
        transport = self._open.get(tuple(scope["client"] or ()))
        if transport is not None:
            transport.abort()

    def protocol(self) -> type[asyncio.Protocol]:
        """Uvicorn's protocol, whose connections are known here."""
        opened: MutableMapping[Address, asyncio.Transport] = self._open

        class Known(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # chosen at run time
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                address = transport.get_extra_info("peername")
                self._address = cast("Address", tuple(address[:2]) if address else ())
                opened[self._address] = cast("asyncio.Transport", transport)
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                opened.pop(self._address, None)
                super().connection_lost(exc)

        protocol: Any = Known
        return cast("type[asyncio.Protocol]", protocol)
