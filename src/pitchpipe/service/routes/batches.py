"""Batches: many requests in one file, answered a slice at a poll."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from pitchpipe.service.engine import states
from pitchpipe.service.engine.files import Files
from pitchpipe.service.http import JSON, ApiError, Request, Response, dumps
from pitchpipe.service.protocol import params
from pitchpipe.service.protocol.paging import page
from pitchpipe.service.storage.blobs import Blobs
from pitchpipe.service.storage.store import Filter, Row, Store

_SLICE = 1000  # requests answered at a poll
_MOST_REQUESTS = 50_000
_WINDOW = 24 * 3600
_STAMPS = {
    "in_progress": "in_progress_at",
    "finalizing": "finalizing_at",
    "completed": "completed_at",
    "failed": "failed_at",
    "cancelling": "cancelling_at",
    "cancelled": "cancelled_at",
}


class Batches:
    """The routes under ``/v1/batches``.

    Args:
        store: where they are.
        blobs: holds the claims.
        files: what is asked and answered.
        ask: answers a request.
        clock: Unix seconds.
        polled: called with a batch's id before it is shown.
        created: called with a batch's id after it was created.
    """

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        files: Files,
        ask: Callable[[Request], Response],
        clock: Callable[[], float],
        polled: Callable[[str], None],
        created: Callable[[str], None],
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._files = files
        self._ask_service = ask
        self._clock = clock
        self._polled = polled
        self._created = created
        self._last_read: tuple[str, Sequence[JSON]] = ("", ())

    def create(self, request: Request) -> Response:
        """Creates a batch; what is wrong with its file is found later."""
        asked = params.check(params.CreateBatch, request.json())
        file = self._files.find(asked.input_file_id)
        if file is None or file.body["purpose"] != "batch":
            found = "does not exist" if file is None else f"has purpose '{file.body['purpose']}'"
            raise ApiError(
                400,
                f"invalid input_file_id: {asked.input_file_id} {found}; "
                "expected a file with purpose 'batch'.",
                param="input_file_id",
                code="invalid_input_file",
            )
        now = int(self._clock())
        batch_id = self._store.new_id("batch_")
        body: JSON = {
            "id": batch_id,
            "object": "batch",
            "endpoint": asked.endpoint,
            "input_file_id": asked.input_file_id,
            "completion_window": asked.completion_window,
            "status": "validating",
            "created_at": now,
            "expires_at": now + _WINDOW,
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
            "metadata": asked.metadata,
        }
        expiry = asked.output_expires_after
        private = {"done": 0, "lifetime": expiry.seconds if expiry else None}
        self._store.add("batch", batch_id, body, private=private)
        self._created(batch_id)
        return Response.of_json(self._get(batch_id).body)

    def list(self, request: Request) -> Response:
        """Lists batches, newest first."""
        found = page(self._store, request, "batch")
        data = []
        for row in found.rows:
            self._polled(row.id)
            data.append(self._get(row.id).body)
        ends = found.ends("") if found.rows else {}
        return Response.of_json(found.to_json(data) | ends)

    def retrieve(self, _: Request, batch_id: str) -> Response:
        """Describes a batch."""
        self._get(batch_id)
        self._polled(batch_id)
        return Response.of_json(self._get(batch_id).body)

    def cancel(self, _: Request, batch_id: str) -> Response:
        """Ends a batch with the answers it has."""
        with self._store.transaction():
            row = self._get(batch_id)
            self._move(row, "cancelling")
            self._store.update(row)
        return Response.of_json(row.body)

    def advance(self, batch_id: str) -> None:
        """Moves a batch on, unless it has ended or is being moved on already."""
        with self._blobs.claim(batch_id) as mine:
            row = self._store.get("batch", batch_id) if mine else None
            if row is None:
                return
            steps = {
                "validating": self._validate,
                "in_progress": self._answer,
                "finalizing": self._finalize,
                "cancelling": self._finalize,
            }
            step = steps.get(row.body["status"])
            if step is not None:
                step(row)

    def _validate(self, row: Row) -> None:
        requests, errors = self._requests(row)
        with self._store.transaction():
            batch = self._current(row)
            if batch is None:
                return
            if errors:
                batch.body["errors"] = {"object": "list", "data": list(errors)}
            else:
                batch.body["request_counts"]["total"] = len(requests)
            self._move(batch, "failed" if errors else "in_progress")
            self._store.update(batch)

    def _answer(self, row: Row) -> None:
        # several slices of one batch in a row are the rule: its file is read once for them
        known, requests = self._last_read
        if known != row.id:
            requests, errors = self._requests(row)
            if errors:  # the file was deleted meanwhile
                self._validate(row)
                return
            self._last_read = (row.id, requests)
        done = row.private["done"]
        answered = [
            self._ask(row, number, request)
            for number, request in enumerate(requests[done : done + _SLICE], done)
        ]
        good = [line for succeeded, line in answered if succeeded]
        bad = [line for succeeded, line in answered if not succeeded]
        with self._store.transaction():
            batch = self._current(row)
            if batch is None:
                return
            batch.private["done"] = done + len(answered)
            batch.body["request_counts"]["completed"] += len(good)
            batch.body["request_counts"]["failed"] += len(bad)
            part = {"output": "".join(good), "error": "".join(bad)}
            self._store.add("answers", f"{row.id}/{done}", part, parent=row.id)
            if batch.private["done"] >= len(requests):
                self._move(batch, "finalizing")
            self._store.update(batch)

    def _finalize(self, row: Row) -> None:
        parts = self._store.rows("answers", Filter(row.id))
        with self._store.transaction():
            batch = self._current(row)
            if batch is None:
                return
            for kind in ("output", "error"):
                content = "".join(part.body[kind] for part in parts)
                if content:
                    file = self._files.add(
                        f"{row.id}_{kind}.jsonl",
                        content.encode(),
                        "batch_output",
                        row.private["lifetime"],
                    )
                    batch.body[f"{kind}_file_id"] = file["id"]
            cancelling = batch.body["status"] == "cancelling"
            self._move(batch, "cancelled" if cancelling else "completed")
            self._store.update(batch)

    def _ask(self, row: Row, number: int, request: JSON) -> tuple[bool, str]:
        response = self._ask_service(Request("POST", request["url"], body=dumps(request["body"])))
        # streams are refused when the file is checked
        body = json.loads(response.body) if isinstance(response.body, bytes) else {}
        answer = {
            "id": f"batch_req_{self._store.derive(row.id, number)}",
            "custom_id": request["custom_id"],
            "response": {
                "status_code": response.status,
                "request_id": self._store.derive("request", row.id, number),
                "body": body,
            },
            "error": None,
        }
        return response.status < 400, dumps(answer).decode() + "\n"

    def _requests(self, row: Row) -> tuple[Sequence[JSON], Sequence[JSON]]:
        """The requests of the input file, and what is wrong with it."""
        try:
            content = self._files.read(row.body["input_file_id"])
        except ApiError as error:
            return [], [_error("invalid_file", str(error), None)]
        requests: list[JSON] = []
        errors: list[JSON] = []
        seen: set[str] = set()
        for number, line in enumerate(content.split(b"\n"), 1):
            if not line.strip():
                continue
            try:
                request = _parse(line)
            except ValueError as error:
                errors.append(_error("invalid_json_line", str(error), number))
                continue
            code, message = _complaint(request, row.body["endpoint"], seen)
            if code:
                errors.append(_error(code, message, number))
                continue
            seen.add(request["custom_id"])
            requests.append(request)
        if not requests and not errors:
            errors.append(_error("empty_file", "The input file has no requests.", None))
        if len(requests) > _MOST_REQUESTS:
            message = f"The input file has more than {_MOST_REQUESTS} requests."
            errors.append(_error("too_many_requests", message, None))
        return requests, errors

    def _move(self, batch: Row, status: str) -> None:
        states.move(states.BATCH, batch.body, status)
        batch.body[_STAMPS[status]] = int(self._clock())

    def _current(self, row: Row) -> Row | None:
        """The batch as it is now, None if someone else moved it meanwhile."""
        now = self._store.get("batch", row.id)
        return now if now is not None and now.body["status"] == row.body["status"] else None

    def _get(self, batch_id: str) -> Row:
        row = self._store.get("batch", batch_id)
        if row is None:
            raise ApiError(404, f"No batch found with id '{batch_id}'.", param="batch_id")
        return row


def _parse(line: bytes) -> JSON:
    try:
        request = json.loads(line.decode())
    except (ValueError, RecursionError):
        request = None
    if not isinstance(request, dict):
        raise ValueError("This line is not parseable as a JSON object.")
    return request


def _complaint(request: JSON, endpoint: str, seen: set[str]) -> tuple[str, str]:
    expected: dict[str, Any] = {"custom_id": str, "method": str, "url": str, "body": dict}
    for key, kind in expected.items():
        if not isinstance(request.get(key), kind):
            return "missing_required_parameter", f"Missing or invalid parameter: '{key}'."
    if request["custom_id"] in seen:
        return "duplicate_custom_id", f"The custom_id {request['custom_id']!r} is used twice."
    if request["method"] != "POST" or request["url"] != endpoint:
        return "invalid_url", f"Expected method 'POST' and url '{endpoint}'."
    if request["body"].get("stream"):
        return "invalid_request", "A request of a batch cannot be streamed."
    return "", ""


def _error(code: str, message: str, line: int | None) -> JSON:
    return {"code": code, "message": message, "param": None, "line": line}
