"""What moves a batch on: its requests are read, answered a slice at a call, and written."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from pitchpipe.service.engine import batch_files, states
from pitchpipe.service.engine.files import Files
from pitchpipe.service.http import JSON, ApiError, Request, Response, dumps, loads
from pitchpipe.service.storage.blobs import Blobs
from pitchpipe.service.storage.store import Filter, Row, Store

_SLICE = 1000  # requests answered at a call
_STAMPS = {
    "in_progress": "in_progress_at",
    "finalizing": "finalizing_at",
    "completed": "completed_at",
    "failed": "failed_at",
    "expired": "expired_at",
    "cancelling": "cancelling_at",
    "cancelled": "cancelled_at",
}


class Batches:
    """Advances batches. Any thread of any process may; a claim lets one at a time work on one.

    Args:
        store: where they are.
        blobs: holds the claims.
        files: what is asked and answered.
        ask: answers a request.
        clock: Unix seconds.
        together: how many requests are asked at once.
    """

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        files: Files,
        ask: Callable[[Request], Response],
        clock: Callable[[], float],
        together: int = 1,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._files = files
        self._ask_service = ask
        self._clock = clock
        self._together = together
        self._last_read: tuple[int, Sequence[bytes]] = (0, ())

    def advance(self, batch_id: str, share: float = 1.0) -> None:
        """Moves a batch on, unless it has ended or is being moved on already.

        Args:
            batch_id: which one.
            share: up to which share of its requests may be answered.
        """
        with self._blobs.claim(batch_id) as mine:
            row = self._store.get("batch", batch_id) if mine else None
            if row is None:
                return
            late = self._clock() >= row.body["expires_at"]
            match row.body["status"]:
                case "validating" | "in_progress" | "finalizing" if late:
                    self._expire(row)
                case "validating":
                    self._validate(row)
                case "in_progress":
                    self._answer(row, share)
                case "finalizing":
                    self._finalize(row, "completed")
                case "cancelling":
                    self._finalize(row, "cancelled")

    def give_up(self, batch_id: str, reason: str) -> None:
        """Fails a batch that cannot be finished."""
        with self._store.transaction():
            batch = self._store.get("batch", batch_id)
            if batch is not None and "failed" in states.BATCH[batch.body["status"]]:
                error = batch_files.error_of("server_error", reason)
                batch.body["errors"] = {"object": "list", "data": [error]}
                move(batch, "failed", self._clock())
                self._store.update(batch)

    def _validate(self, row: Row) -> None:
        content, errors = self._content(row)
        checked = batch_files.Checked(0, errors)
        if not errors:
            checked = batch_files.check(content, row.body["endpoint"])
        with self._store.transaction():
            batch = self._current(row)
            if batch is None:
                return
            if checked.errors:
                batch.body["errors"] = {"object": "list", "data": checked.errors}
            else:
                batch.body["request_counts"]["total"] = checked.requests
            move(batch, "failed" if checked.errors else "in_progress", self._clock())
            self._store.update(batch)

    def _answer(self, row: Row, share: float) -> None:
        # several slices of one batch in a row are the rule: its file is read once for them
        known, requests = self._last_read
        if known != row.seq:
            content, errors = self._content(row)
            if errors:  # the file was deleted meanwhile
                self._validate(row)
                return
            requests = [line for _, line in batch_files.lines(content)]
            self._last_read = (row.seq, requests)
        done = row.private["done"]
        allowed = min(done + _SLICE, math.floor(len(requests) * share))
        if allowed <= done:
            return
        numbered = enumerate(requests[done:allowed], done)
        if self._together > 1:
            with ThreadPoolExecutor(self._together) as threads:
                answered = list(threads.map(lambda each: self._ask(row, *each), numbered))
        else:
            answered = [self._ask(row, *each) for each in numbered]
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
                move(batch, "finalizing", self._clock())
                self._last_read = (0, ())
            self._store.update(batch)

    def _expire(self, row: Row) -> None:
        """Ends a batch whose time is over with the answers it has."""
        custom_ids: list[str] = []
        content, _ = self._content(row)
        for _, line in batch_files.lines(content):
            try:
                custom_ids.append(batch_files.parse(line, row.body["endpoint"])["custom_id"])
            except batch_files.LineError:  # it expires before its file was checked
                continue
            if len(custom_ids) == batch_files.MAX_REQUESTS:
                break
        self._finalize(row, "expired", custom_ids[row.private["done"] :])

    def _finalize(self, row: Row, status: str, unanswered: Sequence[str] = ()) -> None:
        parts = [part.body for part in self._store.rows("answers", Filter(row.id))]
        done = row.private["done"]
        late = "".join(
            self._late(row, number, custom_id) for number, custom_id in enumerate(unanswered, done)
        )
        contents = {
            "output": "".join(part["output"] for part in parts),
            "error": "".join(part["error"] for part in parts) + late,
        }
        with self._store.transaction():
            batch = self._current(row)
            if batch is None:
                return
            counts = batch.body["request_counts"]
            counts["failed"] += len(unanswered)
            counts["total"] = max(counts["total"], done + len(unanswered))
            for kind, content in contents.items():
                if content:
                    file = self._files.add(
                        f"{row.id}_{kind}.jsonl",
                        content.encode(),
                        "batch_output",
                        row.private["lifetime"],
                    )
                    batch.body[f"{kind}_file_id"] = file["id"]
            move(batch, status, self._clock())
            self._store.update(batch)

    def _late(self, row: Row, number: int, custom_id: str) -> str:
        """The line of a request that was not answered in time."""
        answer = {
            "id": f"batch_req_{self._store.derive(row.id, number)}",
            "custom_id": custom_id,
            "response": None,
            "error": {
                "code": "batch_expired",
                "message": "The batch expired before this request was answered.",
            },
        }
        return dumps(answer).decode() + "\n"

    def _ask(self, row: Row, number: int, line: bytes) -> tuple[bool, str]:
        request = batch_files.parse(line, row.body["endpoint"])
        # which process answers a line, when, and how often, must not decide its answer
        turn = row.private.get("seed", 0) * batch_files.MAX_REQUESTS + number
        asked = Request("POST", request["url"], body=dumps(request["body"]), turn=turn)
        response = self._ask_service(asked)
        # streams are refused when the file is checked
        body = loads(response.body) if isinstance(response.body, bytes) else {}
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

    def _content(self, row: Row) -> tuple[bytes, list[JSON]]:
        """The input file of a batch, and why it cannot be read."""
        file_id = row.body["input_file_id"]
        trouble = self._files.trouble(file_id)
        try:
            size = 0 if trouble else self._files.get(file_id).body["bytes"]
            if size > batch_files.MAX_BYTES:
                trouble = (
                    f"the file {file_id} has {size} bytes; the file of a batch has at most "
                    f"{batch_files.MAX_BYTES}."
                )
            if trouble is None:
                return self._files.read(file_id), []
        except ApiError as error:
            return b"", [batch_files.error_of("invalid_file", str(error))]
        return b"", [batch_files.error_of("invalid_file", f"input_file_id: {trouble}")]

    def _current(self, row: Row) -> Row | None:
        """The batch as it is now, None if someone else moved it meanwhile."""
        now = self._store.get("batch", row.id)
        return now if now is not None and now.body["status"] == row.body["status"] else None


def move(batch: Row, status: str, now: float) -> None:
    """Sets a batch's status, and the time it had it first.

    Raises:
        ApiError: that status does not follow the present one.
    """
    states.move(states.BATCH, batch, status, now)
    batch.body[_STAMPS[status]] = int(now)
