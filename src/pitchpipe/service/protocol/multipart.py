"""Reading multipart/form-data (RFC 7578) byte for byte."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.utils import collapse_rfc2231_value
from mmap import mmap
from typing import TYPE_CHECKING
from urllib.parse import unquote

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from pitchpipe.service.http import ApiError, Request

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

Body = bytes | mmap
"""A request's body, which may lie in a mapped file."""

MAX_PARTS = 100
"""Fields of a form: no request of the API has more than ten."""

_MAX_BOUNDARY = 70  # RFC 2046, section 5.1.1
_MAX_CONTENT_TYPE = 1000
_MAX_HEADERS = 16  # of a part
_MAX_HEADER = 4096  # bytes of one header of a part
_MAX_TEXT = 65_536  # bytes of a field that is no file
_CHUNK = 1 << 20
_ESCAPED = re.compile("%(?:22|[01][0-9A-Fa-f])")  # what clients encode in a quoted name

# the parser logs what it raises as well
logging.getLogger("python_multipart").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Part:
    """One field of a form.

    Attributes:
        name: the field's name.
        filename: the name of the file it holds, None for a plain value.
        content: its bytes, unchanged.
    """

    name: str
    filename: str | None
    content: bytes | memoryview

    @property
    def text(self) -> str:
        """The content of a plain value.

        Raises:
            ApiError: it is too long for one.
        """
        if len(self.content) > _MAX_TEXT:
            raise ApiError(
                400,
                f"Invalid '{self.name}': the field has {len(self.content)} bytes; a field that is "
                f"no file has at most {_MAX_TEXT}.",
                param=self.name,
                code="string_above_max_length",
            )
        return bytes(self.content).decode("utf-8", "replace")


def parse(request: Request) -> dict[str, Part]:
    """The fields of a form; of several with one name the first counts.

    Raises:
        ApiError: the body is not a complete form, or beyond the limits above.
    """
    boundary = boundary_of(request.headers.get("content-type", ""))
    if boundary is None:
        raise ApiError(
            400, "Expected a body of content-type multipart/form-data with its boundary."
        )
    fields: dict[str, Part] = {}
    for part in _Reader(request.body, boundary).parts():
        fields.setdefault(part.name, part)
    return fields


def boundary_of(content_type: str) -> bytes | None:
    """What separates the fields of a form, None if the content type is not that of a form.

    Args:
        content_type: the header, of any length.
    """
    if len(content_type) > _MAX_CONTENT_TYPE or not content_type.isascii():
        return None
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"").strip()
    if kind.strip() != b"multipart/form-data" or not 0 < len(boundary) <= _MAX_BOUNDARY:
        return None
    return boundary


def delimiters(body: Body, boundary: bytes, start: int = 0) -> Iterator[int]:
    """The places of line ends that the boundary follows, up to one more than a form may have.

    Args:
        body: of the form.
        boundary: of the form.
        start: where to begin.
    """
    mark = b"\r\n--" + boundary
    for _ in range(MAX_PARTS + 2):
        start = body.find(mark, start)
        if start < 0:
            return
        yield start
        start += len(mark)


class _Reader:
    """Takes a form apart: the library finds its parts, and nothing of them is copied.

    Args:
        body: of the form.
        boundary: of the form.
    """

    def __init__(self, body: Body, boundary: bytes) -> None:
        self._body = body
        self._boundary = boundary
        self._chunk = b""
        self._at = 0  # of the chunk in the body
        self._header: dict[bytes, bytes] = {}
        self._name, self._value = b"", b""
        self._start, self._size = 0, 0
        self._parts: list[Part] = []
        self._complete = False

    def parts(self) -> list[Part]:
        """The parts in their order.

        Raises:
            ApiError: the body is not a complete form, or beyond the limits above.
        """
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin_part,
            "on_header_field": self._add_name,
            "on_header_value": self._add_value,
            "on_header_end": self._end_header,
            "on_part_data": self._add_data,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }
        parser = MultipartParser(
            self._boundary,
            callbacks,
            max_header_count=_MAX_HEADERS,
            max_header_size=_MAX_HEADER,
        )
        try:
            self._at = self._skip_preamble()
            parser.write(b"--" + self._boundary)
            while not self._complete and self._at < len(self._body):
                self._chunk = self._body[self._at : self._at + _CHUNK]
                parser.write(self._chunk)
                self._at += len(self._chunk)
        except MultipartParseError as error:
            raise ApiError(
                400,
                f"A part of the multipart body has no header that can be read: {error} "
                f"(byte {self._at + max(0, error.offset)} of the body).",
            ) from None
        if not self._complete:
            raise ApiError(400, "The multipart body has no closing boundary; it may be cut short.")
        self._check_end()
        return self._parts

    def _skip_preamble(self) -> int:
        """Where the first delimiter ends, but for its line end.

        What stands before it counts for nothing, and blanks may follow it (RFC 2046, section 5.1).
        """
        mark = b"--" + self._boundary
        opens = self._body[: len(mark)] == mark
        places = list(delimiters(self._body, self._boundary))
        if len(places) + opens > MAX_PARTS + 1:
            raise ApiError(
                400,
                f"The boundary of the multipart body stands in it more than {MAX_PARTS + 1} "
                f"times; a form has at most {MAX_PARTS} fields.",
            )
        if not opens and not places:
            return len(self._body)
        end = (0 if opens else places[0] + 2) + len(mark)
        following = self._body[end : end + _MAX_BOUNDARY]
        return end + len(following) - len(following.lstrip(b" \t"))

    def _check_end(self) -> None:
        """Whether nothing but a line end follows what closes the form.

        The boundary, two hyphens and more text are no end: the field might go on behind them.
        """
        mark = b"\r\n--" + self._boundary + b"--"
        end = self._body.find(mark) + len(mark)
        if end >= len(mark):
            rest = self._body[end : end + _MAX_BOUNDARY].lstrip(b" \t")
            if rest and not rest.startswith(b"\r\n"):
                raise ApiError(
                    400,
                    f"The closing boundary of the multipart body (byte {end}) is followed by more "
                    "text on its line; a boundary must not occur in a field.",
                )

    def _begin_part(self) -> None:
        self._header, self._size = {}, 0

    def _add_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._header[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if not self._size:
            # the end of the last chunk looked like a boundary, and comes from elsewhere
            self._start = self._at + start if data is self._chunk else self._at - (end - start)
        self._size += end - start

    def _end_part(self) -> None:
        name, filename = _names(self._header.get(b"content-disposition", b""))
        end = self._start + self._size if self._size else self._start
        self._parts.append(Part(name, filename, self._slice(self._start, end)))

    def _end(self) -> None:
        self._complete = True

    def _slice(self, start: int, end: int) -> bytes | memoryview:
        """A part of a mapped file is not copied."""
        body = self._body
        return body[start:end] if isinstance(body, bytes) else memoryview(body)[start:end]


def _names(disposition: bytes) -> tuple[str, str | None]:
    """The names of a field and its file; also as RFC 8187 has them, which some clients send."""
    message = Message()
    message["content-disposition"] = disposition.decode("utf-8", "replace")
    options: dict[str, str] = {}
    for key, value in message.get_params([], header="content-disposition"):
        if isinstance(value, tuple):
            text = collapse_rfc2231_value(value)
        else:
            text = _ESCAPED.sub(lambda match: unquote(match[0]), value)
        options[key.lower()] = text.strip()
    if "name" not in options:
        raise ApiError(400, "A part of the multipart body has no name in its content-disposition.")
    return options["name"], options.get("filename")
