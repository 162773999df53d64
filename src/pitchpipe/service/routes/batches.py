"""Batches: many requests in one file."""

from __future__ import annotations

from collections.abc import Callable

from pitchpipe.service.engine.batches import move
from pitchpipe.service.engine.files import Files
from pitchpipe.service.engine.pace import Pacer
from pitchpipe.service.http import JSON, ApiError, Request, Response
from pitchpipe.service.protocol import params
from pitchpipe.service.protocol.paging import page
from pitchpipe.service.router import Route
from pitchpipe.service.storage.store import Row, Store

_WINDOW = 24 * 3600


class BatchRoutes:
    """The routes under ``/v1/batches``.

    Args:
        store: where they are.
        files: what they read.
        clock: Unix seconds.
        pacer: told of every look at a batch, and of every batch that is queued.
    """

    def __init__(
        self, store: Store, files: Files, clock: Callable[[], float], pacer: Pacer
    ) -> None:
        self._store = store
        self._files = files
        self._clock = clock
        self._pacer = pacer

    def routes(self) -> tuple[Route, ...]:
        """What clients may ask for."""
        return (
            Route("GET", "/batches", self.list),
            Route("POST", "/batches", self.create),
            Route("GET", "/batches/*", self.retrieve, quick=lambda: self._pacer.idle),
            Route("POST", "/batches/*/cancel", self.cancel),
        )

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
        with self._store.transaction():
            batch_id = self._store.new_id("batch_")
            seed = self._store.job_seed("batch_")
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
        private = {
            "done": 0,
            "seed": seed,
            "lifetime": expiry.seconds if expiry else None,
            "since": self._clock(),
        }
        self._store.add("batch", batch_id, body, private=private)
        self._pacer.queued(batch_id)
        return Response.of_json(self._get(batch_id).body)

    def list(self, request: Request) -> Response:
        """Lists batches, newest first."""
        found = page(self._store, request, "batch")
        data = []
        for row in found.rows:
            self._pacer.looked_at(row.id)
            data.append(self._get(row.id).body)
        ends = found.ends("") if found.rows else {}
        return Response.of_json(found.to_json(data) | ends)

    def retrieve(self, _: Request, batch_id: str) -> Response:
        """Describes a batch."""
        self._get(batch_id)
        self._pacer.looked_at(batch_id)
        return Response.of_json(self._get(batch_id).body)

    def cancel(self, _: Request, batch_id: str) -> Response:
        """Ends a batch with the answers it has."""
        with self._store.transaction():
            row = self._get(batch_id)
            move(row, "cancelling", self._clock())
            self._store.update(row)
        self._pacer.queued(batch_id)
        return Response.of_json(self._get(batch_id).body)

    def _get(self, batch_id: str) -> Row:
        row = self._store.get("batch", batch_id)
        if row is None:
            raise ApiError(404, f"No batch found with id '{batch_id}'.", param="batch_id")
        return row
