"""The routes under ``/v1/fine_tuning/jobs``: what a client may do with a job."""

from __future__ import annotations

import re
from collections.abc import Callable

from pitchpipe.service.engine import hyperparameters, states
from pitchpipe.service.engine.events import emit
from pitchpipe.service.engine.files import Files
from pitchpipe.service.engine.mishaps import Mishaps
from pitchpipe.service.engine.models import OWNER, Model, Models
from pitchpipe.service.engine.pace import Pacer
from pitchpipe.service.http import JSON, ApiError, Request, Response
from pitchpipe.service.protocol import params
from pitchpipe.service.protocol.paging import page
from pitchpipe.service.router import Route
from pitchpipe.service.storage.store import Filter, Row, Store

_METADATA = re.compile(r"metadata\[(.*)\]", re.DOTALL)
_MOST = 1000


class JobRoutes:
    """Fine-tuning jobs.

    Args:
        store: where they are.
        files: what they train on.
        models: what they train.
        clock: Unix seconds.
        pacer: told of every look at a job, and of every job that is queued.
        mishaps: strike jobs.
    """

    def __init__(
        self,
        store: Store,
        files: Files,
        models: Models,
        clock: Callable[[], float],
        pacer: Pacer,
        mishaps: Mishaps,
    ) -> None:
        self._store = store
        self._files = files
        self._models = models
        self._clock = clock
        self._pacer = pacer
        self._mishaps = mishaps

    def routes(self) -> tuple[Route, ...]:
        """What clients may ask for."""
        job = "/fine_tuning/jobs/*"
        return (
            Route("GET", "/fine_tuning/jobs", self.list),
            Route("POST", "/fine_tuning/jobs", self.create),
            Route("GET", job, self.retrieve, quick=lambda: self._pacer.idle),
            Route("GET", f"{job}/events", self.events),
            Route("GET", f"{job}/checkpoints", self.checkpoints),
            Route("POST", f"{job}/cancel", self.cancel),
            Route("POST", f"{job}/pause", self.pause),
            Route("POST", f"{job}/resume", self.resume),
        )

    def create(self, request: Request) -> Response:
        """Creates a job; what is wrong with its files is found later."""
        asked = params.check(params.CreateJob, request.json())
        model = self._trainable(asked)
        for param in ("training_file", "validation_file"):
            self._check_file(param, getattr(asked, param))
        with self._store.transaction():
            job_id = self._store.new_id("ftjob-")
            seed = asked.seed
            if seed is None:
                seed = int(self._store.derive("seed", job_id, length=9), 36) % 2**31
            body = self._describe(job_id, asked, model, seed)
            private = {
                "events": 0,
                "suffix": asked.suffix or "",
                "learner": self._models.learner_name,
                "base": model.base.id,
                "base_key": model.key,
                "asked": body["method"][body["method"]["type"]]["hyperparameters"],
                "epoch": 0,
                "step": 0,
                "since": self._clock(),
                "fault": self._mishaps.for_job(body["model"]),
            }
            self._store.add("job", job_id, body, private=private)
            row = self._get(job_id)
            emit(self._store, row, self._clock(), f"Created fine-tuning job: {job_id}")
            files = [name for name in (asked.training_file, asked.validation_file) if name]
            message = f"Validating training file: {files[0]}"
            if len(files) > 1:
                message += f" and validation file: {files[1]}"
            emit(self._store, row, self._clock(), message)
            self._store.update(row)
        self._pacer.queued(job_id)
        return self._show(job_id)

    def list(self, request: Request) -> Response:
        """Lists jobs, newest first, by their metadata if asked."""
        wanted = {m[1]: value for key, value in request.query if (m := _METADATA.fullmatch(key))}
        bare = request.get("metadata") == "null"
        where = Filter(path="$.metadata", wanted=wanted, bare=bare)
        found = page(self._store, request, "job", where, most=_MOST)
        data = []
        for row in found.rows:
            self._poll(row)
            data.append(self._get(row.id).body)
        return Response.of_json(found.to_json(data))

    def retrieve(self, _: Request, job_id: str) -> Response:
        """Describes a job."""
        self._poll(self._get(job_id))
        return self._show(job_id)

    def events(self, request: Request, job_id: str) -> Response:
        """Lists a job's events, newest first."""
        self._poll(self._get(job_id))
        found = page(self._store, request, "event", Filter(job_id), most=_MOST)
        return Response.of_json(found.to_json())

    def checkpoints(self, request: Request, job_id: str) -> Response:
        """Lists a job's checkpoints, newest first."""
        self._get(job_id)
        found = page(self._store, request, "checkpoint", Filter(job_id), default=10, most=_MOST)
        return Response.of_json(found.to_json() | found.ends(None))

    def cancel(self, _: Request, job_id: str) -> Response:
        """Ends a job without a model."""
        return self._move(job_id, "cancelled", "Fine-tuning job cancelled")

    def pause(self, _: Request, job_id: str) -> Response:
        """Stops a job until it is resumed."""
        return self._move(job_id, "paused", "Fine-tuning job paused")

    def resume(self, _: Request, job_id: str) -> Response:
        """Puts a paused job back into the queue; it goes on from its last checkpoint at least."""
        return self._move(job_id, "queued", "Fine-tuning job resumed", only_from="paused")

    def _move(
        self, job_id: str, status: str, message: str, only_from: str | None = None
    ) -> Response:
        with self._store.transaction():
            row = self._get(job_id)
            if only_from and row.body["status"] != only_from:
                raise ApiError(
                    400,
                    f"'{job_id}' has status '{row.body['status']}'; expected status '{only_from}'.",
                    code="invalid_status",
                )
            states.move(states.JOB, row, status, self._clock())
            if states.ended(states.JOB, status):
                row.body["finished_at"] = int(self._clock())
            emit(self._store, row, self._clock(), message)
            self._store.update(row)
        if status == "queued":
            self._pacer.queued(job_id)
        return self._show(job_id)

    def _poll(self, row: Row) -> None:
        if not states.ended(states.JOB, row.body["status"]):
            self._pacer.looked_at(row.id)

    def _get(self, job_id: str) -> Row:
        row = self._store.get("job", job_id)
        if row is None:
            raise ApiError(
                404,
                f"Could not find fine tune: {job_id}",
                param="fine_tuning_job_id",
                code="fine_tune_not_found",
            )
        return row

    def _show(self, job_id: str) -> Response:
        return Response.of_json(self._get(job_id).body)

    def _trainable(self, asked: params.CreateJob) -> Model:
        model = self._models.find(asked.model)
        if model is None:
            raise ApiError(
                400,
                f"Model {asked.model} is not available for fine-tuning or does not exist.",
                param="model",
                code="model_not_available",
            )
        method = asked.method.type if asked.method else "supervised"
        if method == "reinforcement":
            raise ApiError(
                400,
                "This service does not train with the method 'reinforcement'; "
                "use 'supervised' or 'dpo'.",
                param="method.type",
                code="unsupported_value",
            )
        if method not in model.base.methods:
            raise ApiError(
                400,
                f"Model {asked.model} does not support the method '{method}'; "
                f"it supports {', '.join(model.base.methods)}.",
                param="method.type",
                code="unsupported_value",
            )
        return model

    def _check_file(self, param: str, file_id: str | None) -> None:
        if file_id is None:
            return
        row = self._files.find(file_id)
        if row is None:
            raise ApiError(
                400,
                f"invalid {param}: {file_id} does not exist.",
                param=param,
                code="file_not_found",
            )
        if row.body["purpose"] != "fine-tune":
            raise ApiError(
                400,
                f"invalid {param}: {file_id} has purpose '{row.body['purpose']}'; "
                "expected 'fine-tune'.",
                param=param,
                code="invalid_file_purpose",
            )

    def _describe(self, job_id: str, asked: params.CreateJob, model: Model, seed: int) -> JSON:
        kind = asked.method.type if asked.method else "supervised"
        given: params.Hyperparameters | None = asked.hyperparameters
        names = ["n_epochs", "batch_size", "learning_rate_multiplier"]
        if asked.method and asked.method.supervised and kind == "supervised":
            given = asked.method.supervised.hyperparameters or given
        if asked.method and kind == "dpo":
            names.append("beta")
            given = (asked.method.dpo and asked.method.dpo.hyperparameters) or given
        values = {name: getattr(given, name, None) or "auto" for name in names}
        integrations = asked.integrations
        return {
            "id": job_id,
            "object": "fine_tuning.job",
            "created_at": int(self._clock()),
            "error": None,
            "estimated_finish": None,
            "fine_tuned_model": None,
            "finished_at": None,
            "hyperparameters": hyperparameters.shared(values),
            "integrations": integrations
            and [i.model_dump(exclude_none=True) for i in integrations],
            "metadata": asked.metadata or {},
            "method": {"type": kind, kind: {"hyperparameters": values}},
            "model": model.name if model.key else model.base.id,
            "organization_id": f"org-{OWNER}",
            "result_files": [],
            "seed": seed,
            "status": "validating_files",
            "trained_tokens": None,
            "training_file": asked.training_file,
            "validation_file": asked.validation_file,
        }
