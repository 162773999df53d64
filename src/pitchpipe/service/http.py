"""Requests and responses, free of any HTTP library."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from mmap import mmap
from typing import Any
from urllib.parse import parse_qsl

import orjson

from pitchpipe.service import json_text

_MAX_MESSAGE = 2000
"""Characters of a refusal's message: what a client sent may be quoted in it, at any length."""

_MAX_PARAM = 200
"""Characters of the name of a parameter at fault."""

JSON = dict[str, Any]
"""A JSON object."""


@dataclass
class Request:
    """What a client sends.

    Attributes:
        method: in capitals.
        path: as sent, percent-encoded, without the query.
        query: the decoded pairs of the query, in order.
        headers: by lower-case name.
        body: the bytes of the body; a large form may lie in a mapped file.
        turn: which of many equal requests it is, where whoever asks knows that; None lets the
            service count them. No client can send it.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | mmap = b""
    turn: int | None = None
    _json: JSON | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def of(
        cls, method: str, target: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> Request:
        """A request from the parts of a request line.

        Args:
            method: in capitals.
            target: path and query, percent-encoded.
            headers: names in any case; the last of one name counts.
            body: the bytes of the body.
        """
        path, _, query = target.partition("?")
        pairs = tuple(parse_qsl(query, keep_blank_values=True))
        return cls(method, path, pairs, {name.lower(): value for name, value in headers}, body)

    def get(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)

    def json(self) -> JSON:
        """The body as a JSON object; an empty body is an empty object.

        Raises:
            ApiError: it is not one, it is beyond the limits of ``json_text``, or an object in it
                has two equal keys, of which readers of JSON take the first, the last, or neither.
        """
        if not self.body:
            return {}
        if self._json is None:
            self._json = self._parse()
        return self._json

    @property
    def model(self) -> str | None:
        """The model that a JSON body names, if it is one and does."""
        if not self.body or self.headers.get("content-type", "").startswith("multipart/"):
            return None
        try:
            model = self.json().get("model")
        except ApiError:
            return None
        return model if isinstance(model, str) else None

    def _parse(self) -> JSON:
        try:
            value = json_text.parse(self.body[:], unique_keys=True)
        except json_text.JsonError as error:
            raise _unreadable(str(error)) from None
        if not isinstance(value, dict):
            raise _unreadable(f"it is {_KINDS.get(type(value), 'a number')}, not an object")
        return value


_KINDS = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


def _unreadable(reason: str) -> ApiError:
    return ApiError(
        400,
        f"We could not parse the JSON body of your request: {reason}. "
        "The body must be one JSON object, in UTF-8, with content-type application/json.",
    )


class Disconnect(Exception):  # noqa: N818 - an event of the line, not an error of the service
    """The connection is to be dropped here: raised instead of a response, or within its body."""


@dataclass(frozen=True)
class Wait:
    """A piece of a body that has no bytes: nothing comes for so long.

    Attributes:
        seconds: how long.
    """

    seconds: float


@dataclass
class Response:
    """What the service answers.

    Attributes:
        status: the HTTP status.
        headers: by lower-case name. A content-length among them is sent as it is, else the body's.
        body: the bytes, or their pieces as they become available.
        delay: seconds before the first byte is sent.
        tokens: what it costs, prompt and answer together.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes | Iterator[bytes | Wait]
    delay: float = 0.0
    tokens: int = 0

    @classmethod
    def of_json(cls, value: JSON, status: int = 200, tokens: int = 0) -> Response:
        """A JSON answer."""
        headers = {"content-type": "application/json"}
        return cls(status, headers, dumps(value), tokens=tokens)


def let_go(body: Iterator[bytes | Wait]) -> None:
    """Ends what still makes the pieces of a body that nobody reads on."""
    if isinstance(body, Generator):
        body.close()


class ApiError(Exception):
    """A refusal in the API's own form.

    Args:
        status: the HTTP status.
        message: one sentence for a person; of a long one the middle is left out.
        param: the parameter at fault, dotted; of a long one the beginning.
        code: the reason for a program.
        kind: the API's error type.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        message = _without_middle(message)
        super().__init__(message)
        self.status = status
        self.body: JSON = {
            "error": {
                "message": message,
                "type": kind,
                "param": param and param[:_MAX_PARAM],
                "code": code,
            }
        }

    def response(self) -> Response:
        """The refusal as a response."""
        return Response.of_json(self.body, self.status)


def _without_middle(message: str) -> str:
    if len(message) <= _MAX_MESSAGE:
        return message
    half = _MAX_MESSAGE // 2
    left_out = len(message) - 2 * half
    return f"{message[:half]}[{left_out} characters left out]{message[-half:]}"


def dumps(value: object) -> bytes:
    """Compact JSON in UTF-8; where a string cannot be encoded in that, in ASCII."""
    try:
        return orjson.dumps(value)
    except TypeError:  # a lone surrogate, an integer beyond 64 bits
        return json.dumps(value, separators=(",", ":")).encode()


def loads(text: bytes | str) -> Any:
    """The value of a JSON text that ``dumps`` made; strangers' is read by ``json_text.parse``.

    Raises:
        ValueError: it is not JSON, or holds a number that is not finite.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # escaped lone surrogates are JSON too
        return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
