"""Whether an answer is one that the contract foresees."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from contract.amendments import AMENDMENTS, CHUNK, Amendment, amended

JSON = dict[str, Any]

PREFIX = "/v1"
_CONTENT = "/files/{file_id}/content"
_LONGEST = 400

BEYOND: Mapping[str, str] = {
    "/v1/fine-tunes": "the API of 2023, which the vendor took away",
    "/v1/fine_tuning/alpha/": "graders are in the vendor's reference and clients, not in the file",
    "/v1/engines": "the API of 2023, which the vendor took away",
    "/v1/chat/completions/": "of stored completions, the file has the list alone",
}
"""Paths that we answer and the file lacks, with the reason: their good answers are not checked."""


@dataclass(frozen=True)
class Operation:
    """What the contract says of a method and a path.

    Attributes:
        id: its name.
        method: in capitals.
        template: the path under ``/v1``.
        answers: by status, the schema of each media type.
    """

    id: str
    method: str
    template: str
    answers: Mapping[str, Mapping[str, JSON]]


class Contract:
    """The contract, ready to be held against answers.

    Args:
        document: the contract file, as ``document.load`` gives it.
        amendments: what else is allowed.
    """

    def __init__(self, document: JSON, amendments: Iterable[Amendment] = AMENDMENTS) -> None:
        self._components = {
            "schemas": _closed(amended(document["components"]["schemas"], amendments))
        }
        self.operations = tuple(_operations(document))
        self._by_place = {
            (operation.method, operation.template): operation for operation in self.operations
        }
        self._validators: dict[str, Any] = {}

    def find(self, method: str, path: str) -> Operation | None:
        """The operation that a request is for.

        Args:
            method: in capitals.
            path: with ``/v1``, percent-encoded, without a query.
        """
        parts = path.removeprefix(PREFIX).split("/")
        fitting = [
            operation
            for operation in self.operations
            if operation.method == method and _fits(operation.template.split("/"), parts)
        ]
        # a literal segment goes before a parameter
        return min(fitting, key=lambda operation: operation.template.count("{"), default=None)

    def complaints(
        self, method: str, path: str, status: int, headers: Mapping[str, str], body: bytes
    ) -> list[str]:
        """What is wrong with an answer.

        Args:
            method: of the request, in capitals.
            path: of the request, as for ``find``.
            status: of the answer.
            headers: of the answer, by lower-case name.
            body: of the answer, whole.
        """
        kind = headers.get("content-type", "").partition(";")[0]
        operation = self.find(method, path)
        if status >= 400:
            found = self._document({"$ref": "#/components/schemas/ErrorResponse"}, kind, body)
        elif operation is None:
            reason = next((BEYOND[start] for start in BEYOND if path.startswith(start)), None)
            found = [] if reason else ["the contract has no such operation"]
        elif str(status) not in operation.answers:
            found = [f"the contract knows {', '.join(operation.answers)} only"]
        else:
            found = self._good(operation, operation.answers[str(status)], kind, body)
        return [f"{method} {path} -> {status}: {complaint}" for complaint in found]

    def _good(
        self, operation: Operation, media: Mapping[str, JSON], kind: str, body: bytes
    ) -> Iterable[str]:
        if operation.template == _CONTENT:
            # the file says JSON; in truth it is whatever was uploaded
            return [] if kind == "application/octet-stream" else [f"unexpected media type '{kind}'"]
        if kind == "text/event-stream":
            chunk = media.get(kind, {"$ref": f"#/components/schemas/{CHUNK}"})
            return self._stream(chunk, body)
        return self._document(media["application/json"], kind, body)

    def _stream(self, schema: JSON, body: bytes) -> Iterator[str]:
        *events, rest = body.split(b"\n\n")
        if rest or not events or events[-1] != b"data: [DONE]":
            yield "the stream does not end with [DONE]"
        for event in events:
            field, _, data = event.partition(b": ")
            if field != b"data" or b"\n" in data:
                yield f"not one line of data: {event[:100]!r}"
            elif data != b"[DONE]":
                yield from self._document(schema, "application/json", data)

    def _document(self, schema: JSON, kind: str, body: bytes) -> Iterable[str]:
        if kind != "application/json":
            return [f"unexpected media type '{kind}'"]
        try:
            value = json.loads(body)
        except ValueError as error:
            return [f"no JSON: {error}"]
        validator = self._validator(schema)
        return [
            f"/{'/'.join(map(str, error.instance_path))}: {error.message[:_LONGEST]}"
            for error in validator.iter_errors(_encodable(value))
        ]

    def _validator(self, schema: JSON) -> Any:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = {**schema, "components": self._components}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole)
        return self._validators[key]


def _operations(document: JSON) -> Iterator[Operation]:
    for template, item in document["paths"].items():
        for method, told in item.items():
            answers = {
                status: {kind: media["schema"] for kind, media in answer.get("content", {}).items()}
                for status, answer in told["responses"].items()
            }
            yield Operation(told["operationId"], method.upper(), template, answers)


def _fits(template: list[str], parts: list[str]) -> bool:
    return len(template) == len(parts) and all(
        part == known or (known.startswith("{") and part)
        for known, part in zip(template, parts, strict=True)
    )


def _closed(node: Any, member: bool = False) -> Any:
    """The same schemas, none of which lets an unknown field through."""
    if isinstance(node, list):
        return [_closed(item, member) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(value, key == "allOf") for key, value in node.items()}
    whole = isinstance(node.get("properties"), dict) and not member
    if (whole or "allOf" in node) and "additionalProperties" not in node:
        closed["unevaluatedProperties"] = False
    return closed


def _encodable(value: Any) -> Any:
    """The value with what UTF-8 cannot express replaced; the contract says nothing about that."""
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
