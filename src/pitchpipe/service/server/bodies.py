"""Reading request bodies: small ones into memory, larger ones through a temporary file."""

from __future__ import annotations

import contextlib
import mmap
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pitchpipe.service.http import ApiError

if TYPE_CHECKING:
    from starlette.types import Message, Receive

_IN_MEMORY = 1 << 18
"""Bytes of a body that are kept in memory: as many clients as there are may send one at once."""

_IDENTITY = ("", "identity")


class ClientLeftError(Exception):
    """The client hung up before its body was complete."""


async def read(
    receive: Receive, headers: Mapping[str, str], most_json: int, most_form: int
) -> Body:
    """The body of a request.

    Args:
        receive: the ASGI callable.
        headers: by lower-case name.
        most_json: the most bytes of a body that is no form.
        most_form: the most bytes of a form.

    Raises:
        ApiError: it is too large, or compressed.
        ClientLeftError: it breaks off.
    """
    _check_encoding(headers)
    form = headers.get("content-type", "").lower().startswith("multipart/")
    most = most_form if form else most_json
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(most)
    message = await receive()
    if not message.get("more_body", False) and message["type"] == "http.request":
        body: bytes = message.get("body", b"")
        if len(body) > most:
            raise _too_large(most)
        return body
    with contextlib.ExitStack() as spools:
        return await _collect(receive, message, most, spools)


async def _collect(
    receive: Receive, message: Message, most: int, spools: contextlib.ExitStack
) -> Body:
    """The body from its first message on; past a size it goes through a file among the spools."""
    pieces: list[bytes] = []
    size = 0
    spool = None
    while True:
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        piece = message.get("body", b"")
        size += len(piece)
        if size > most:
            raise _too_large(most)
        try:
            if spool is None and size > _IN_MEMORY:
                with _needing_room():
                    spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the others
                    spools.enter_context(spool)
                    spool.writelines(pieces)
                pieces.clear()
            if spool is None:
                pieces.append(piece)
            else:
                with _needing_room():
                    spool.write(piece)
        except ApiError:
            await _discard(receive, message, most - size)
            raise
        if not message.get("more_body", False):
            break
        message = await receive()
    if spool is None:
        return b"".join(pieces)
    with _needing_room():
        spool.flush()
    return mmap.mmap(spool.fileno(), 0, access=mmap.ACCESS_READ)


async def _discard(receive: Receive, message: Message, most: int) -> None:
    """Reads a body to its end: who still sends when the connection closes misses the answer."""
    while message.get("more_body", False) and most >= 0:
        message = await receive()
        most -= len(message.get("body", b""))


Body = bytes | mmap.mmap


def _check_encoding(headers: Mapping[str, str]) -> None:
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding not in _IDENTITY:
        raise ApiError(
            415,
            f"The header Content-Encoding is {encoding[:100]!r}; expected a body that is not "
            "compressed. Send it without that header.",
            code="unsupported_content_encoding",
        )


@contextmanager
def _needing_room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ApiError(
            507,
            f"{tempfile.gettempdir()}: the request cannot be kept: {error.strerror or error}. "
            "Free some space on its disk.",
            code="insufficient_storage",
            kind="server_error",
        ) from None


def _too_large(most: int) -> ApiError:
    return ApiError(
        413,
        f"The request is too large: this server takes {most} bytes at the most.",
        code="request_too_large",
    )
