"""Faults of the line: an answer comes late, or broken, or not at all."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from pitchpipe.service.control.fault import Ask, Count, RequestFault, Seconds, Share
from pitchpipe.service.http import Disconnect, Request, Response, Wait

Body = bytes | Iterator[bytes | Wait]


class Latency(RequestFault):
    """The answer comes later.

    Attributes:
        seconds: how much.
    """

    kind: ClassVar[str] = "latency"

    seconds: Seconds

    def answer(self, request: Request, ask: Ask) -> Response:
        """Delays the answer."""
        response = ask(request)
        return replace(response, delay=response.delay + self.seconds)


class Dropped(RequestFault):
    """The connection is dropped before anything of the answer is sent.

    Attributes:
        acted: whether the request was carried out before, so that only its answer is lost.
    """

    kind: ClassVar[str] = "dropped"

    acted: bool = False

    def answer(self, request: Request, ask: Ask) -> Response:
        """Drops the connection."""
        if self.acted:
            ask(request)
        raise Disconnect


class CutOff(RequestFault):
    """The connection is dropped within the body; the client can tell that some is missing.

    Attributes:
        sent: bytes that come before; of a body that has no more, all but the last.
    """

    kind: ClassVar[str] = "cut-off"

    sent: Count = 1

    def answer(self, request: Request, ask: Ask) -> Response:
        """Cuts the body off."""
        response = ask(request)
        return replace(_keeping_length(response), body=self._start(response.body))

    def _start(self, body: Body) -> Iterator[bytes | Wait]:
        if isinstance(body, bytes):
            yield body[: min(self.sent, max(0, len(body) - 1))]
            raise Disconnect
        left = self.sent
        for piece in body:
            if isinstance(piece, bytes):
                piece, left = piece[:left], left - len(piece)
            yield piece
            if left <= 0:
                break
        raise Disconnect


class Stalled(RequestFault):
    """The body stops coming, and after a while the connection is dropped.

    Attributes:
        pieces: how many come before; a body that is no stream comes in two.
        seconds: how long nothing comes.
    """

    kind: ClassVar[str] = "stalled"

    pieces: Count = 1
    seconds: Seconds = 60.0

    def answer(self, request: Request, ask: Ask) -> Response:
        """Stops the body."""
        response = ask(request)
        return replace(_keeping_length(response), body=self._start(response.body))

    def _start(self, body: Body) -> Iterator[bytes | Wait]:
        if isinstance(body, bytes):
            body = iter((body[: len(body) // 2], body[len(body) // 2 :]))
        yield from itertools.islice(body, self.pieces)
        yield Wait(self.seconds)
        raise Disconnect


class Truncated(RequestFault):
    """The body ends early, and looks as if it were whole: a stream lacks its last pieces.

    Attributes:
        share: how much of it is sent, of a stream's pieces or of the bytes.
    """

    kind: ClassVar[str] = "truncated"

    share: Share = 0.5

    def answer(self, request: Request, ask: Ask) -> Response:
        """Shortens the body."""
        response = ask(request)
        body = response.body
        if isinstance(body, bytes):
            return replace(response, body=body[: math.floor(len(body) * self.share)])
        return replace(response, body=self._first(body))

    def _first(self, body: Iterator[bytes | Wait]) -> Iterator[bytes | Wait]:
        pieces = list(body)
        yield from pieces[: math.floor(len(pieces) * self.share)]


class Malformed(RequestFault):
    """The body is as long as it should be, and not JSON: its last sign is another.

    Attributes:
        pieces: how many good ones of a stream come before the bad one.
    """

    kind: ClassVar[str] = "malformed"

    pieces: Count = 1

    def answer(self, request: Request, ask: Ask) -> Response:
        """Spoils the body."""
        response = ask(request)
        body = response.body
        if isinstance(body, bytes):
            return replace(response, body=_spoilt(body))
        return replace(response, body=self._with_one_spoilt(body))

    def _with_one_spoilt(self, body: Iterator[bytes | Wait]) -> Iterator[bytes | Wait]:
        left = self.pieces
        for piece in body:
            if isinstance(piece, bytes):
                left -= 1
            yield _spoilt(piece) if isinstance(piece, bytes) and left == -1 else piece


def _spoilt(piece: bytes) -> bytes:
    content = piece.rstrip()
    return content[:-1] + b"," + piece[len(content) :] if content else piece


def _keeping_length(response: Response) -> Response:
    """The response with the length it would have had, where that is known."""
    if not isinstance(response.body, bytes):
        return response
    length = {"content-length": str(len(response.body))}
    return replace(response, headers={**response.headers, **length})
