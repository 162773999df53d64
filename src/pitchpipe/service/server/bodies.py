"""Reading request bodies: small ones into memory, forms of any size through a temporary file."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pitchpipe.service.http import ApiError

if TYPE_CHECKING:
    from starlette.types import Receive

_IN_MEMORY = 1 << 20
"""Bytes of a form that are kept in memory."""


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
        ApiError: it is too large.
        ClientLeftError: it breaks off.
    """
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
        if spool is None and form and size > _IN_MEMORY:
            with _needing_room():
                spool = tempfile.TemporaryFile()  # noqa: SIM115 - the mapping keeps it
                spool.writelines(pieces)
            pieces.clear()
        if spool is None:
            pieces.append(piece)
        else:
            with _needing_room():
                spool.write(piece)
        if not message.get("more_body", False):
            break
        message = await receive()
    if spool is None:
        return b"".join(pieces)
    with _needing_room():
        spool.flush()
    with spool:
        return mmap.mmap(spool.fileno(), 0, access=mmap.ACCESS_READ)


Body = bytes | mmap.mmap


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
