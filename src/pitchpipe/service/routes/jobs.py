"""The routes under ``/v1/fine_tuning/jobs``: what a client may do with a job."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pitchpipe.service.engine import hyperparameters
from pitchpipe.service.engine.dialects import JOBS
from pitchpipe.service.engine.jobs import Jobs, Order
from pitchpipe.service.http import JSON, ApiError, Request, Response
from pitchpipe.service.protocol import params
from pitchpipe.service.protocol.graders import check_grader
from pitchpipe.service.protocol.paging import page
from pitchpipe.service.router import Route
from pitchpipe.service.storage.store import Filter, Store

_METADATA = re.compile(r"metadata\[(.*)\]", re.DOTALL)
_MOST = 1000


class JobRoutes:
    """Fine-tuning jobs.

    Args:
        store: where jobs are listed.
        jobs: the jobs.
    """

    def __init__(self, store: Store, jobs: Jobs) -> None:
        self._store = store
        self._jobs = jobs

    def routes(self) -> tuple[Route, ...]:
        """What clients may ask for."""
        job = "/fine_tuning/jobs/*"
        return (
            Route("GET", "/fine_tuning/jobs", self.list),
            Route("POST", "/fine_tuning/jobs", self.create),
            Route("GET", job, self.retrieve, quick=lambda: self._jobs.pacer.idle),
            Route("GET", f"{job}/events", self.events),
            Route("GET", f"{job}/checkpoints", self.checkpoints),
            Route("POST", f"{job}/cancel", self.cancel),
            Route("POST", f"{job}/pause", self.pause),
            Route("POST", f"{job}/resume", self.resume),
        )

    def create(self, request: Request) -> Response:
        """Creates a job; what is wrong with its files is found later."""
        asked = params.check(params.CreateJob, request.json())
        method = asked.method.type if asked.method else "supervised"
        model = self._jobs.model(asked.model, method)
        for param in ("training_file", "validation_file"):
            self._jobs.check_file(param, getattr(asked, param))
        order = Order(
            model,
            asked.training_file,
            asked.validation_file,
            _method(asked),
            asked.suffix or "",
            asked.seed,
            _integrations(asked),
            asked.metadata or {},
        )
        return Response.of_json(self._jobs.create(order, JOBS, "ftjob-").body)

    def list(self, request: Request) -> Response:
        """Lists jobs, newest first, by their metadata if asked."""
        wanted = {m[1]: value for key, value in request.query if (m := _METADATA.fullmatch(key))}
        bare = request.get("metadata") == "null"
        where = Filter(path="$.metadata", wanted=wanted, bare=bare)
        found = page(self._store, request, "job", where, most=_MOST)
        data = [self._jobs.look_at(row.id).body for row in found.rows]
        return Response.of_json(found.to_json(data))

    def retrieve(self, _: Request, job_id: str) -> Response:
        """Describes a job."""
        return Response.of_json(self._jobs.look_at(job_id).body)

    def events(self, request: Request, job_id: str) -> Response:
        """Lists a job's events, newest first."""
        self._jobs.look_at(job_id)
        found = page(self._store, request, "event", Filter(job_id), most=_MOST)
        return Response.of_json(found.to_json())

    def checkpoints(self, request: Request, job_id: str) -> Response:
        """Lists a job's checkpoints, newest first."""
        self._jobs.get(job_id)
        found = page(self._store, request, "checkpoint", Filter(job_id), default=10, most=_MOST)
        return Response.of_json(found.to_json() | found.ends(None))

    def cancel(self, _: Request, job_id: str) -> Response:
        """Ends a job without a model."""
        return self._move(job_id, "cancelled", JOBS.cancelled())

    def pause(self, _: Request, job_id: str) -> Response:
        """Stops a job until it is resumed."""
        return self._move(job_id, "paused", "Fine-tuning job paused")

    def resume(self, _: Request, job_id: str) -> Response:
        """Puts a paused job back into the queue; it goes on from its last checkpoint at least."""
        return self._move(job_id, "queued", "Fine-tuning job resumed", only_from="paused")

    def _move(
        self, job_id: str, status: str, message: str, only_from: str | None = None
    ) -> Response:
        return Response.of_json(self._jobs.move(job_id, status, message, only_from).body)


def _check_others(method: params.Method) -> None:
    """Whether only what belongs to the method's type was sent."""
    for other in ("supervised", "dpo", "reinforcement"):
        if other != method.type and getattr(method, other) is not None:
            raise ApiError(
                400,
                f"'method.{other}' is only allowed when 'method.type' is '{other}'; it is "
                f"'{method.type}'.",
                param=f"method.{other}",
                code="invalid_parameter_combination",
            )


def _method(asked: params.CreateJob) -> JSON:
    kind = asked.method.type if asked.method else "supervised"
    if asked.method:
        _check_others(asked.method)
    own: params.Supervised | params.Dpo | params.Reinforcement | None = getattr(
        asked.method, kind, None
    )
    given = (own and own.hyperparameters) or asked.hyperparameters
    values = {name: getattr(given, name, None) or "auto" for name in hyperparameters.names(kind)}
    body: JSON = {"hyperparameters": values}
    if kind == "reinforcement":
        body |= _graded(own)
        if values["reasoning_effort"] == "auto":
            values["reasoning_effort"] = "default"
    return {"type": kind, kind: body}


def _graded(asked: object) -> JSON:
    """What reinforcement has besides hyperparameters."""
    if not isinstance(asked, params.Reinforcement):
        raise ApiError(
            400,
            "Missing required parameter: 'method.reinforcement'.",
            param="method.reinforcement",
            code="missing_required_parameter",
        )
    check_grader(asked.grader, "method.reinforcement.grader")
    return {"grader": asked.grader}


def _integrations(asked: params.CreateJob) -> Sequence[JSON] | None:
    if asked.integrations is None:
        return None
    return [integration.model_dump(exclude_none=True) for integration in asked.integrations]
