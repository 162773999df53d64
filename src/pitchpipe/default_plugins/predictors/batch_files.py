"""The Batch API's files: requests in, answers and failures out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pitchpipe.default_plugins.predictors.answers import PATHS
from pitchpipe.records import Request
from pitchpipe.redaction import redact

# "CreateBatchRequest" in the API's specification
MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000


@dataclass(frozen=True)
class Line:
    """One line of an input file.

    Attributes:
        number: of the request, counted from 1 over all parts.
        request: the request.
        text: the line, UTF-8 with its line feed.
    """

    number: int
    request: Request
    text: bytes

    @property
    def custom_id(self) -> str:
        """What the service calls it by; answers come in any order."""
        return f"request-{self.number}"


def parts_of(requests: Iterable[Request], model: str, most: int) -> Iterator[list[Line]]:
    """Cuts requests into parts that one batch can take: one endpoint, and within the limits."""
    part: list[Line] = []
    size = 0
    for number, request in enumerate(requests, 1):
        line = _line(number, request, model)
        if part and (
            len(part) == most
            or size + len(line.text) > MOST_BYTES
            or request.endpoint != part[0].request.endpoint
        ):
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line.text)
    if part:
        yield part


def read_output(*files: bytes) -> tuple[dict[str, object], dict[str, str]]:
    """The answers, and what went wrong, by custom id.

    Args:
        files: contents of the output file and of the error file, in any order.
    """
    answers: dict[str, object] = {}
    failures: dict[str, str] = {}
    for content in files:
        for text in filter(None, content.decode("utf-8").split("\n")):
            line = json.loads(text)
            response, error = line.get("response") or {}, line.get("error")
            body = response.get("body")
            if error is None and response.get("status_code") == 200:
                answers[line["custom_id"]] = body
            else:
                failures[line["custom_id"]] = _reason(error, response.get("status_code"), body)
    return answers, failures


def _line(number: int, request: Request, model: str) -> Line:
    entry = {
        "custom_id": f"request-{number}",
        "method": "POST",
        "url": f"/v1{PATHS[request.endpoint]}",
        "body": {"model": model, **request.body},
    }
    return Line(number, request, json.dumps(entry).encode() + b"\n")


def _reason(error: Any, status: object, body: Any) -> str:
    told = error or (body.get("error") if isinstance(body, Mapping) else None) or {}
    message = told.get("message") if isinstance(told, Mapping) else str(told)
    return redact(f"{message or 'no reason given'}" + (f" ({status})" if status else ""))
