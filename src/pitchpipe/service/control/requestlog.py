"""What was asked and how it was answered; never a key, never a body."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Literal

from pitchpipe.service.engine.numbers import Numbers
from pitchpipe.service.http import JSON, Disconnect, Request, Response, Wait, let_go
from pitchpipe.service.protocol.multipart import boundary_of, delimiters

Outcome = Literal["answering", "answered", "dropped", "cut-off", "left"]
"""Still being sent; sent to its end; nothing sent; broken off by the service, or by the client."""

KEPT = 10_000
"""Requests that a log remembers."""

_MAX_KEPT = 1000  # characters of one thing that a client wrote
_MAX_PAIRS = 100  # of a query


@dataclass(slots=True)
class Record:
    """One request.

    Attributes:
        number: its place in the order of arrival, from 1 on.
        at: when it came, in Unix seconds of the service's clock.
        arrived: when it came, in seconds of the stopwatch, which starts anywhere.
        method: in capitals.
        path: without the query; of a long one the beginning.
        query: as pairs, not more than a hundred, each shortened likewise.
        model: the model that its body names, if any, shortened likewise.
        retry: which retry of the client it says it is, 0 for none; None if it does not say.
        received: bytes of its body.
        digest: SHA-256 of its body in hexadecimal, "" for an empty one; the boundary of a form,
            which is another each time, does not count.
        status: of the answer, None if nothing was sent.
        request_id: the answer's.
        retry_after: seconds the answer told the client to wait, None if it did not.
        sent: bytes of the answer's body that were sent.
        tokens: what it cost.
        answered: when its answer began, or it was dropped, in seconds of the stopwatch.
        outcome: what became of the answer.
        faults: kinds of the faults that were applied, outermost first.
        created: id of the job or batch that it created, even where the answer was lost.
        options: SHA-256 of the options it created it with, which are all but the files.
    """

    number: int
    at: float
    arrived: float
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    model: str | None
    retry: int | None
    received: int
    digest: str
    status: int | None = field(default=None, init=False)
    request_id: str | None = field(default=None, init=False)
    retry_after: float | None = field(default=None, init=False)
    sent: int = field(default=0, init=False)
    tokens: int = field(default=0, init=False)
    answered: float = field(default=0.0, init=False)
    outcome: Outcome = field(default="answering", init=False)
    faults: tuple[str, ...] = field(default=(), init=False)
    created: str | None = field(default=None, init=False)
    options: str = field(default="", init=False)

    def to_json(self) -> JSON:
        """The record as JSON."""
        return asdict(self)


class RequestLog:
    """The latest requests, oldest first. Threads may share it.

    Args:
        numbers: gives each request its number.
        clock: Unix seconds.
        stopwatch: seconds of a clock that nobody sets.
        kept: how many requests it remembers.
    """

    def __init__(
        self,
        numbers: Numbers,
        clock: Callable[[], float],
        stopwatch: Callable[[], float],
        kept: int = KEPT,
    ) -> None:
        self._numbers = numbers
        self._clock = clock
        self._stopwatch = stopwatch
        self._records: deque[Record] = deque(maxlen=kept)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.copy())

    def clear(self) -> None:
        """Forgets all requests."""
        self._records.clear()

    def begin(self, request: Request) -> Record:
        """Notes a request that has come."""
        record = Record(
            next(self._numbers),
            self._clock(),
            self._stopwatch(),
            request.method,
            request.path[:_MAX_KEPT],
            tuple(
                (key[:_MAX_KEPT], value[:_MAX_KEPT]) for key, value in request.query[:_MAX_PAIRS]
            ),
            request.model and request.model[:_MAX_KEPT],
            _number(request.headers.get("x-stainless-retry-count")),
            len(request.body),
            _digest(request) if request.body else "",
        )
        self._records.append(record)
        return record

    def drop(self, record: Record) -> None:
        """Notes that a request is not answered."""
        record.answered = self._stopwatch()
        record.outcome = "dropped"

    def end(self, record: Record, response: Response) -> Response:
        """Notes the answer, and gives it its id; one that is a stream is followed to its end."""
        record.answered = self._stopwatch()
        record.status = response.status
        record.request_id = f"req_{record.number:032x}"
        record.tokens = response.tokens
        headers = {**response.headers, "x-request-id": record.request_id}
        if response.status >= 400:
            record.retry_after = _told(headers)
        body = response.body
        if isinstance(body, bytes):
            record.sent = len(body)
            record.outcome = "answered"
        else:
            body = _followed(record, body)
        return Response(response.status, headers, body, response.delay, response.tokens)


def _followed(record: Record, body: Iterator[bytes | Wait]) -> Iterator[bytes | Wait]:
    try:
        for piece in body:
            if isinstance(piece, bytes):
                record.sent += len(piece)
            yield piece
    except Disconnect:
        record.outcome = "cut-off"
        raise
    except GeneratorExit:
        record.outcome = "left" if _has_more(body) else "answered"
        raise
    finally:
        let_go(body)
    record.outcome = "answered"


def _has_more(body: Iterator[bytes | Wait]) -> bool:
    """Whether a client that has stopped reading has missed something: many stop at the last."""
    try:
        return next(body, None) is not None
    except Disconnect:
        return True


def _digest(request: Request) -> str:
    boundary = boundary_of(request.headers.get("content-type", ""))
    if boundary is None:
        return hashlib.sha256(request.body).hexdigest()
    digest = hashlib.sha256()
    mark = b"--" + boundary
    start = len(mark) if request.body[: len(mark)] == mark else 0
    with memoryview(request.body) as view:
        for end in delimiters(request.body, boundary, start):
            digest.update(view[start:end])
            start = end + 2 + len(mark)
        digest.update(view[start:])
    return digest.hexdigest()


def _told(headers: dict[str, str]) -> float | None:
    """Seconds to wait; of two headers the one that clients read first."""
    if "retry-after-ms" in headers:
        return float(headers["retry-after-ms"]) / 1000
    return float(headers["retry-after"]) if "retry-after" in headers else None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None
