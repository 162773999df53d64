"""The API until 2023: fine-tunes and engines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pitchpipe.service.engine import states
from pitchpipe.service.engine.dialects import FINE_TUNES
from pitchpipe.service.engine.files import Files
from pitchpipe.service.engine.jobs import Jobs, Order
from pitchpipe.service.http import JSON, ApiError, Request, Response, Wait, dumps
from pitchpipe.service.protocol import params
from pitchpipe.service.protocol.params_2023 import CreateFineTune
from pitchpipe.service.router import Route
from pitchpipe.service.storage.store import Filter, Row, Store

_TURN = Wait(0.1)
"""Between two looks for news of a job."""

_USUAL_MULTIPLIER = 0.1
"""What the vendor took for most files, and what here is a learner's own rate."""

_STATUS = {"validating_files": "pending", "queued": "pending", "paused": "pending"}


class FineTuneRoutes:
    """The routes under ``/v1/fine-tunes``.

    Args:
        store: where fine-tunes are listed.
        files: what they train on.
        jobs: the jobs that they are.
    """

    def __init__(self, store: Store, files: Files, jobs: Jobs) -> None:
        self._store = store
        self._files = files
        self._jobs = jobs

    def routes(self) -> tuple[Route, ...]:
        """What clients may ask for."""
        one = "/fine-tunes/*"
        return (
            Route("GET", "/fine-tunes", self.list),
            Route("POST", "/fine-tunes", self.create),
            Route("GET", one, self.retrieve),
            Route("DELETE", one, self.delete),
            Route("GET", f"{one}/events", self.events),
            Route("POST", f"{one}/cancel", self.cancel),
        )

    def create(self, request: Request) -> Response:
        """Creates a fine-tune; what is wrong with its files is found later."""
        asked = params.check(CreateFineTune, request.json())
        model = self._jobs.model(asked.model or "curie", "supervised", "completion")
        for param in ("training_file", "validation_file"):
            self._jobs.check_file(param, getattr(asked, param))
        multiplier = asked.learning_rate_multiplier
        values = {
            "n_epochs": asked.n_epochs or 4,
            "batch_size": asked.batch_size or "auto",
            "learning_rate_multiplier": multiplier / _USUAL_MULTIPLIER if multiplier else "auto",
        }
        order = Order(
            model,
            asked.training_file,
            asked.validation_file,
            {"type": "supervised", "supervised": {"hyperparameters": values}},
            asked.suffix or "",
            private={"fine_tune": asked.model_dump()},
        )
        return self._show(self._jobs.create(order, FINE_TUNES, "ft-"))

    def list(self, _: Request) -> Response:
        """Lists all, oldest first, without their events."""
        rows = self._store.rows("job", Filter(FINE_TUNES.parent))
        data = [self._describe(self._jobs.look_at(row.id)) for row in rows]
        return Response.of_json({"object": "list", "data": data})

    def retrieve(self, _: Request, job_id: str) -> Response:
        """Describes one, with its events."""
        self._get(job_id)
        return self._show(self._jobs.look_at(job_id))

    def delete(self, _: Request, job_id: str) -> Response:
        """Forgets one that has ended; its model stays."""
        with self._store.transaction():
            row = self._get(job_id)
            if not states.ended(states.JOB, row.body["status"]):
                raise ApiError(
                    400,
                    f"Fine-tune {job_id} is {self._status(row)}: cancel it first.",
                    param="id",
                    code="invalid_status",
                )
            self._store.delete("job", job_id)
        return Response.of_json({"id": job_id, "object": "fine-tune", "deleted": True})

    def cancel(self, _: Request, job_id: str) -> Response:
        """Ends one without a model."""
        self._get(job_id)
        return self._show(self._jobs.move(job_id, "cancelled", FINE_TUNES.cancelled()))

    def events(self, request: Request, job_id: str) -> Response:
        """Tells what happened, oldest first; as a stream, until nothing more will happen."""
        self._get(job_id)
        if request.get("stream") in ("true", "True", "1"):
            return Response(200, {"content-type": "text/event-stream"}, self._stream(job_id))
        self._jobs.look_at(job_id)
        return Response.of_json({"object": "list", "data": self._events(job_id)})

    def _stream(self, job_id: str) -> Iterator[bytes | Wait]:
        told = 0
        while not self._store.closed:
            try:
                row = self._jobs.look_at(job_id)
            except ApiError:  # it was deleted
                return
            # the events are read after the status, so that the last of them are among them
            news = self._events(job_id)[told:]
            told += len(news)
            for event in news:
                yield b"data: " + dumps(event) + b"\n\n"
            if states.ended(states.JOB, row.body["status"]):
                yield b"data: [DONE]\n\n"
                return
            if not news:
                yield _TURN

    def _get(self, job_id: str) -> Row:
        row = self._store.get("job", job_id)
        if row is None or row.parent != FINE_TUNES.parent:
            raise ApiError(404, f"No such fine-tune: {job_id}", param="id")
        return row

    def _events(self, job_id: str) -> Sequence[JSON]:
        return [
            {
                "object": "fine-tune-event",
                "created_at": row.body["created_at"],
                "level": row.body["level"],
                "message": row.body["message"],
            }
            for row in self._store.rows("event", Filter(job_id))
        ]

    def _show(self, row: Row) -> Response:
        return Response.of_json(self._describe(row) | {"events": self._events(row.id)})

    def _describe(self, row: Row) -> JSON:
        body = row.body
        return {
            "id": row.id,
            "object": "fine-tune",
            "model": body["model"],
            "created_at": body["created_at"],
            "updated_at": int(row.private["since"]),
            "status": self._status(row),
            "fine_tuned_model": body["fine_tuned_model"],
            "hyperparams": _hyperparams(row),
            "organization_id": body["organization_id"],
            "training_files": self._shown_files(body["training_file"]),
            "validation_files": self._shown_files(body["validation_file"]),
            "result_files": self._shown_files(*body["result_files"]),
        }

    def _status(self, row: Row) -> str:
        status: str = row.body["status"]
        return _STATUS.get(status, status)

    def _shown_files(self, *file_ids: str | None) -> Sequence[JSON]:
        found = [self._files.find(file_id) for file_id in file_ids if file_id]
        return [file.body for file in found if file is not None]


def _hyperparams(row: Row) -> JSON:
    asked = row.private["fine_tune"]
    used = row.body["hyperparameters"]
    multiplier = used["learning_rate_multiplier"]
    rate = None if multiplier == "auto" else multiplier * _USUAL_MULTIPLIER
    shown: JSON = {
        "n_epochs": used["n_epochs"],
        "batch_size": None if used["batch_size"] == "auto" else used["batch_size"],
        "learning_rate_multiplier": rate,
        "prompt_loss_weight": asked["prompt_loss_weight"],
    }
    own = ("classification_", "compute_")
    return shown | {name: value for name, value in asked.items() if value and name.startswith(own)}
