"""Holds every answer of every service of this process against the contract."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from contract import document
from contract.checker import PREFIX, Contract
from pitchpipe.service.http import Request, Response
from pitchpipe.service.service import Service


@contextmanager
def watching() -> Iterator[list[str]]:
    """Collects, until the block ends, what is wrong with answers; nothing without the file.

    Answers are read where faults have not broken them yet.
    """
    complaints: list[str] = []
    loaded = document.load()
    if loaded is None:
        yield complaints
        return
    contract = Contract(loaded)
    ask = Service._ask

    @functools.wraps(ask)
    def watched(self: Service, request: Request, *args: Any) -> Response:
        response = ask(self, request, *args)
        if not request.path.startswith(f"{PREFIX}/"):
            return response

        def check(body: bytes) -> None:
            complaints.extend(
                contract.complaints(
                    request.method, request.path, response.status, response.headers, body
                )
            )

        if isinstance(response.body, bytes):
            check(response.body)
        else:
            response.body = _overheard(response.body, check)
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Service, "_ask", watched)
        yield complaints


def _overheard(pieces: Iterator[Any], check: Any) -> Iterator[Any]:
    """The same pieces; once all are taken, they are checked together."""
    heard = bytearray()
    for piece in pieces:
        if isinstance(piece, bytes):
            heard += piece
        yield piece
    check(bytes(heard))
