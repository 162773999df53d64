"""The input files of batches: their lines, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pitchpipe.service import json_text
from pitchpipe.service.http import JSON

MAX_REQUESTS = 50_000
"""Requests of a batch: the vendor's own limit."""

MAX_BYTES = 200 << 20
"""Bytes of an input file: the vendor's own limit."""

MAX_ERRORS = 20
"""Errors that a batch tells of: the vendor tells how many it tells of nowhere."""

_MAX_SHOWN = 60  # characters of a custom_id in a message
_LINE = re.compile(rb"\S[^\n]*")
_EXPECTED: dict[str, type] = {"custom_id": str, "method": str, "url": str, "body": dict}


@dataclass(frozen=True)
class Checked:
    """What a look at a whole input file gave.

    Attributes:
        requests: how many good requests were found.
        errors: as a batch shows them; none where the file can be worked on.
    """

    requests: int
    errors: list[JSON]


class LineError(Exception):
    """A line that is no request of a batch.

    Args:
        code: the reason for a program.
        message: the reason for a person.
        param: the parameter at fault.
    """

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


def lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not blank, without what they begin with in blanks.

    Args:
        content: the file.

    Yields:
        The line's number, from 1 on, and the line.
    """
    number, counted = 1, 0
    for found in _LINE.finditer(content):
        number += content.count(b"\n", counted, found.start())
        counted = found.start()
        yield number, found[0]


def parse(line: bytes, endpoint: str) -> JSON:
    """The request in a line.

    Args:
        line: of the file.
        endpoint: of the batch.

    Raises:
        LineError: there is none that a batch of that endpoint may hold.
    """
    try:
        request = json_text.parse(line, unique_keys=True)
    except json_text.JsonError as error:
        message = f"This line is not parseable as valid JSON: {error}."
        raise LineError("invalid_json_line", message) from None
    if not isinstance(request, dict):
        raise LineError("invalid_json_line", "This line is not parseable as a JSON object.")
    for key, kind in _EXPECTED.items():
        if request.get(key) in (None, ""):
            raise _missing(f"Missing required parameter: '{key}'.", key)
        if not isinstance(request[key], kind):
            raise _missing(f"Missing or invalid parameter: '{key}'.", key)
    if request["method"] != "POST" or request["url"] != endpoint:
        raise LineError("invalid_url", f"Expected method 'POST' and url '{endpoint}'.")
    if request["body"].get("stream"):
        raise LineError("invalid_request", "A request of a batch cannot be streamed.")
    return request


def check(content: bytes, endpoint: str) -> Checked:
    """Looks at the lines of a file, up to ``MAX_ERRORS`` bad ones or ``MAX_REQUESTS`` good ones.

    Args:
        content: the file.
        endpoint: of the batch.
    """
    errors: list[JSON] = []
    seen: set[str] = set()
    for number, line in lines(content):
        try:
            custom_id = parse(line, endpoint)["custom_id"]
            if custom_id in seen:
                message = f"The custom_id {_shown(custom_id)} is used twice."
                raise LineError("duplicate_custom_id", message, "custom_id")
        except LineError as error:
            if len(errors) == MAX_ERRORS:
                message = (
                    f"The input file has more than {MAX_ERRORS} errors; what follows line "
                    f"{number} was not checked."
                )
                errors.append(error_of("too_many_errors", message, line=number))
                break
            errors.append(error_of(error.code, str(error), param=error.param, line=number))
            continue
        if len(seen) == MAX_REQUESTS:
            message = f"The input file has more than {MAX_REQUESTS} requests."
            errors.append(error_of("too_many_requests", message))
            break
        seen.add(custom_id)
    if not seen and not errors:
        errors.append(error_of("empty_file", "The input file has no requests."))
    return Checked(len(seen), errors)


def error_of(code: str, message: str, *, param: str | None = None, line: int | None = None) -> JSON:
    """An entry of a batch's ``errors``.

    Args:
        code: the reason for a program.
        message: the reason for a person.
        param: the parameter at fault.
        line: of the input file, from 1 on.
    """
    return {"code": code, "message": message, "param": param, "line": line}


def _missing(message: str, key: str) -> LineError:
    return LineError("missing_required_parameter", message, key)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "..."
