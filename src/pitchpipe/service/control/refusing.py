"""Faults that answer in place of the service: errors, and limits on requests and tokens."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pitchpipe.service.control.fault import Ask, Count, Effect, RequestFault, Seconds, Times
from pitchpipe.service.control.window import Window, shown
from pitchpipe.service.http import ApiError, Request, Response

Unit = Literal["requests", "tokens"]
Stretch = Annotated[float, Field(gt=0)]


class Status(RequestFault):
    """The request is refused, and nothing is done.

    Attributes:
        status: the HTTP status.
        message: for a person.
        code: for a program.
        type: the API's error type, None for the usual one of the status.
        retry_after: seconds that the client is told to wait, None to say nothing.
        retry_after_ms: milliseconds, in a header of their own.
    """

    kind: ClassVar[str] = "status"

    status: Annotated[int, Field(ge=400, le=599)]
    message: str = "This error was asked for."
    code: str | None = None
    type: str | None = None
    retry_after: Seconds | None = None
    retry_after_ms: Seconds | None = None

    def answer(self, _: Request, __: Ask) -> Response:
        """Answers with the status."""
        usual = "server_error" if self.status >= 500 else "invalid_request_error"
        error = ApiError(self.status, self.message, code=self.code, kind=self.type or usual)
        told = {"retry-after": self.retry_after, "retry-after-ms": self.retry_after_ms}
        headers = {name: f"{value:.15g}" for name, value in told.items() if value is not None}
        return _with(error.response(), headers)


class RateQuota(RequestFault):
    """A limit on requests: good answers tell what is left, a request too many is refused.

    Attributes:
        requests: how many are answered.
        seconds: in any stretch of the service's time that is as long as this.
    """

    kind: ClassVar[str] = "rate-quota"

    times: Times | None = None
    requests: Times
    seconds: Stretch = 60.0

    def effect(self, clock: Callable[[], float]) -> Effect:
        """Counts requests from now on."""
        return partial(self._limit, clock, Window(self.requests, self.seconds))

    def _limit(
        self, clock: Callable[[], float], window: Window, request: Request, ask: Ask
    ) -> Response:
        wait = window.admit(clock(), 1)
        if wait:
            return _exceeded("requests", window, request, clock(), wait)
        return _with(ask(request), _left("requests", window, clock()))


class TokenQuota(RequestFault):
    """A limit on tokens, those of prompts and answers together.

    What a request costs is known once it is answered, so it is refused only when nothing is left.

    Attributes:
        tokens: how many may be used.
        seconds: in any stretch of the service's time that is as long as this; None for ever, and
            the refusal is then ``insufficient_quota``.
    """

    kind: ClassVar[str] = "token-quota"

    times: Times | None = None
    tokens: Count
    seconds: Stretch | None = 60.0

    def effect(self, clock: Callable[[], float]) -> Effect:
        """Counts tokens from now on."""
        window = Window(self.tokens, self.seconds or math.inf)
        return partial(self._limit, clock, window)

    def _limit(
        self, clock: Callable[[], float], window: Window, request: Request, ask: Ask
    ) -> Response:
        wait = window.admit(clock(), 0)
        if wait == math.inf:
            return ApiError(
                429,
                f"You exceeded your current quota of {self.tokens} tokens; "
                "check your plan and billing details.",
                code="insufficient_quota",
                kind="insufficient_quota",
            ).response()
        if wait:
            return _exceeded("tokens", window, request, clock(), wait)
        response = ask(request)
        window.use(clock(), response.tokens)
        return _with(response, {} if self.seconds is None else _left("tokens", window, clock()))


def _exceeded(unit: Unit, window: Window, request: Request, now: float, wait: float) -> Response:
    error = ApiError(
        429,
        f"Rate limit reached for {request.model or request.path} on {unit}: "
        f"Limit {window.limit} in {shown(window.seconds)}. Please try again in {shown(wait)}.",
        code="rate_limit_exceeded",
        kind=unit,
    )
    told = {"retry-after": str(math.ceil(wait)), "retry-after-ms": str(math.ceil(wait * 1000))}
    return _with(error.response(), told | _left(unit, window, now))


def _left(unit: Unit, window: Window, now: float) -> dict[str, str]:
    return {
        f"x-ratelimit-limit-{unit}": str(window.limit),
        f"x-ratelimit-remaining-{unit}": str(window.left(now)),
        f"x-ratelimit-reset-{unit}": shown(window.full_again(now)),
    }


def _with(response: Response, headers: Mapping[str, str]) -> Response:
    return replace(response, headers={**response.headers, **headers})
