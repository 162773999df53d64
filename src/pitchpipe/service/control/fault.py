"""What every fault has: which requests it is meant for, and what it does to them."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from pitchpipe.service.http import Request, Response
from pitchpipe.service.protocol.params import Params

PREFIX = "/v1"
"""How the path of every request to the API begins."""

Ask = Callable[[Request], Response]
"""Has a request answered; may raise Disconnect."""

Effect = Callable[[Request, Ask], Response]
"""What a fault does: answers a request, with or without asking for the answer it would have had."""

Count = Annotated[int, Field(ge=0)]
Times = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(ge=0, le=1e9)]  # more than 30 years
Share = Annotated[float, Field(ge=0, lt=1)]
Pattern = Annotated[str, Field(max_length=1000)]


class Fault(Params):
    """Something that goes wrong. Patterns may hold ``*``, ``?`` and ``[...]``.

    Attributes:
        kind: its name.
        times: to how many requests it applies, None for all.
        after: how many matching requests pass before, counted since it was queued.
    """

    model_config = ConfigDict(frozen=True)
    kind: ClassVar[str]

    times: Times | None = 1
    after: Count = 0


class RequestFault(Fault):
    """A fault of requests.

    Attributes:
        path: a pattern of the path under ``/v1``, such as "/fine_tuning/jobs*".
        method: in capitals, None for any.
        model: a pattern of the model that the body must name, None for any body.
    """

    path: Pattern = "*"
    method: str | None = None
    model: Pattern | None = None

    def matches(self, request: Request) -> bool:
        """Whether it is meant for the request."""
        return (
            (self.method is None or self.method == request.method)
            and fnmatchcase(request.path.removeprefix(PREFIX), self.path)
            and (self.model is None or fnmatchcase(request.model or "", self.model))
        )

    def effect(self, clock: Callable[[], float]) -> Effect:
        """What it does from now on; one that remembers nothing answers each request alike.

        Args:
            clock: Unix seconds.
        """
        del clock
        return self.answer

    def answer(self, request: Request, ask: Ask) -> Response:
        """Answers a request.

        Args:
            request: the request.
            ask: gets the answer it would have had.

        Raises:
            Disconnect: the connection is to be dropped instead.
        """
        raise NotImplementedError
