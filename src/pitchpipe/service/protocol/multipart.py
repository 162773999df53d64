"""Reading multipart/form-data (RFC 7578) byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap
from urllib.parse import unquote

from pitchpipe.service.http import ApiError, Request

Body = bytes | mmap
"""A request's body, which may lie in a mapped file."""

_BOUNDARY_LENGTH = 70  # RFC 2046, section 5.1.1
_HEADER_LENGTH = 16_384
_ENDING = re.compile(rb"(--)?[ \t]*(?:\r\n|\Z)")
_OPTION = re.compile(r"""([\w!#$&+.^`|~-]+?)(\*?)\s*=\s*("(?:\\.|[^"\\])*"|[^;]*)""")
_ESCAPED = re.compile("%(?:22|[01][0-9A-Fa-f])")  # what clients encode in a quoted name


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
        """The content of a plain value."""
        return bytes(self.content).decode("utf-8", "replace")


def parse(request: Request) -> dict[str, Part]:
    """The fields of a form; of several with one name the first counts.

    Raises:
        ApiError: the body is not a complete form.
    """
    kind, options = _value_and_options(request.headers.get("content-type", ""))
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not 0 < len(boundary) <= _BOUNDARY_LENGTH:
        raise ApiError(
            400, "Expected a body of content-type multipart/form-data with its boundary."
        )
    fields: dict[str, Part] = {}
    for part in _parts(request.body, boundary.encode("utf-8", "replace")):
        fields.setdefault(part.name, part)
    return fields


def _parts(body: Body, boundary: bytes) -> Iterator[Part]:
    start = None
    for opens, ends, last in _delimiters(body, b"--" + boundary):
        if start is not None:
            yield _part(body, start, opens)
        if last:
            return
        start = ends
    raise ApiError(400, "The multipart body has no closing boundary; it may be cut short.")


def _delimiters(body: Body, mark: bytes) -> Iterator[tuple[int, int, bool]]:
    """Where each delimiter begins and ends, and whether it is the closing one."""
    if body[: len(mark)] == mark and (ending := _ENDING.match(body, len(mark))):
        yield 0, ending.end(), ending[1] is not None
    at = body.find(b"\r\n" + mark)
    while at >= 0:
        after = at + 2 + len(mark)
        if ending := _ENDING.match(body, after):
            yield at, ending.end(), ending[1] is not None
        at = body.find(b"\r\n" + mark, at + 2)


def _part(body: Body, start: int, end: int) -> Part:
    blank = body.find(b"\r\n\r\n", max(start - 2, 0), min(end, start + _HEADER_LENGTH))
    if blank < 0:
        raise ApiError(400, "A part of the multipart body has no header.")
    for line in body[start:blank].split(b"\r\n"):
        name, _, value = line.decode("utf-8", "replace").partition(":")
        if name.strip().lower() == "content-disposition":
            _, options = _value_and_options(value)
            if "name" in options:
                return Part(options["name"], options.get("filename"), _slice(body, blank + 4, end))
    raise ApiError(400, "A part of the multipart body has no name in its content-disposition.")


def _slice(body: Body, start: int, end: int) -> bytes | memoryview:
    """A part of a mapped file is not copied."""
    return body[start:end] if isinstance(body, bytes) else memoryview(body)[start:end]


def _value_and_options(header: str) -> tuple[str, dict[str, str]]:
    value, _, rest = header.partition(";")
    options: dict[str, str] = {}
    for name, star, text in _OPTION.findall(rest):
        if star:  # RFC 8187: charset'language'percent-encoded
            text = unquote(text.rpartition("'")[2])
        elif text.startswith('"'):
            text = re.sub(r"\\(.)", r"\1", text[1:-1])
            text = _ESCAPED.sub(lambda match: unquote(match[0]), text)
        options[name.lower()] = text.strip()
    return value.strip().lower(), options
