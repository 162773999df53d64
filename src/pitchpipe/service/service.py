"""The offline service: one entry for every request, whichever way it comes."""

from __future__ import annotations

import logging
import secrets
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal, Protocol

from pitchpipe.errors import PitchpipeError
from pitchpipe.service.control.control import Control
from pitchpipe.service.control.creations import Creations
from pitchpipe.service.control.faults import Faults
from pitchpipe.service.control.requestlog import RequestLog
from pitchpipe.service.control.routes import CONTROL, ControlRoutes
from pitchpipe.service.control.snapshots import Snapshots
from pitchpipe.service.engine.batches import Batches
from pitchpipe.service.engine.clock import Clock
from pitchpipe.service.engine.counts import Counts
from pitchpipe.service.engine.files import Files
from pitchpipe.service.engine.jobs import Jobs
from pitchpipe.service.engine.mishaps import Mishaps
from pitchpipe.service.engine.models import Models
from pitchpipe.service.engine.numbers import Numbers
from pitchpipe.service.engine.pace import Pace, Pacer, moving
from pitchpipe.service.engine.training import Training
from pitchpipe.service.engine.uploads import Uploads
from pitchpipe.service.http import ApiError, Request, Response
from pitchpipe.service.router import Found, Route, Router
from pitchpipe.service.routes.batches import BatchRoutes
from pitchpipe.service.routes.engines import EngineRoutes
from pitchpipe.service.routes.files import FileRoutes
from pitchpipe.service.routes.fine_tunes import FineTuneRoutes
from pitchpipe.service.routes.generate import GenerateRoutes
from pitchpipe.service.routes.graders import GraderRoutes
from pitchpipe.service.routes.jobs import JobRoutes
from pitchpipe.service.routes.models import ModelRoutes
from pitchpipe.service.routes.permissions import PermissionRoutes
from pitchpipe.service.routes.stored_chats import StoredChatRoutes
from pitchpipe.service.routes.uploads import UploadRoutes
from pitchpipe.service.storage.blobs import Blobs
from pitchpipe.service.storage.errors import RETRY_SECONDS, BusyError, FullError, StorageError
from pitchpipe.service.storage.layout import Layout
from pitchpipe.service.storage.orphans import collect
from pitchpipe.service.storage.store import Store
from pitchpipe.stages import Learner

_log = logging.getLogger(__name__)
# as in plugins.py, for those who use the service alone
logging.getLogger("pitchpipe").addHandler(logging.NullHandler())


_TOGETHER = 16
"""Requests of a batch that are asked at once, where the learner answers several."""


class Service:
    """The fine-tuning API. Threads may share one; processes may share its data folder.

    The same requests, in the same order, give the same losses and answers; with the same seed, the
    same ids and names of models as well. Answers above temperature 0 vary where a request is
    repeated; every start begins to count repetitions anew.

    Args:
        data_dir: where everything is kept; without one, nothing outlives the object.
        pace: what moves jobs and batches on; "workers" if that is left to other processes.
        lasting: seconds that a state lasts, by "job.STATE" or "batch.STATE", where the pace is
            "timed"; the rest last as ``engine.pace.LASTING`` says.
        learner: the class that is trained and answers, by default the n-gram one.
        learner_name: under which it is registered; kept with the models.
        clock: Unix seconds.
        seed: of ids and of choices that no request seeds; a data folder keeps its first one. By
            default a new one has ids of its own, and choices as with seed 0.
        waiting: called with the id of every job and batch that is put into the queue.
        control_routes: whether clients may do under ``/_pitchpipe`` what ``control`` does.
        stopwatch: seconds of a clock that nobody sets; tells how long clients wait.

    Attributes:
        clock: as given.
        control: faults, time, state, and what clients did.
        store: the objects.
        blobs: the bytes.
        models: what can be asked.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        pace: Pace | Literal["workers"] = "polled",
        lasting: Mapping[str, float] | None = None,
        learner: type[Learner] | None = None,
        learner_name: str = "ngram",
        clock: Callable[[], float] = time.time,
        seed: int | None = None,
        waiting: Callable[[str], None] = lambda _: None,
        control_routes: bool = False,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        if learner is None:
            from pitchpipe.service.learners.ngram import NgramLearner

            learner = NgramLearner
        folder = data_dir or Path(tempfile.mkdtemp(prefix="pitchpipe-"))
        self.clock = clock if isinstance(clock, Clock) else Clock(clock)
        layout = Layout(folder)
        layout.make()
        self.blobs = Blobs(layout)
        with self.blobs.opening() as alone:
            self.store = Store(
                layout.database if data_dir else None, seed, must_exist=layout.holds_contents
            )
            collect(layout, self.store, alone=alone)
        if seed not in (None, self.store.seed):
            _log.warning(
                "%s: began with seed %d and keeps it; seed %d is ignored. Choose another folder "
                "for another seed.",
                folder,
                self.store.seed,
                seed,
            )
        self._release = weakref.finalize(
            self, _release, self.store, self.blobs, None if data_dir else folder
        )
        mishaps = Mishaps(self.store)
        files = Files(self.store, self.blobs, self.clock, mishaps)
        self.models = models = Models(self.store, self.blobs, learner, learner_name)
        pacer = Pacer(self.store, self.clock, self.advance, pace, lasting or {}, waiting)
        numbers = {"requests": Numbers(), "answers": Numbers()}
        counts = Counts()
        if not self.store.seeded:
            # other processes answer out of the same folder, before and beside this one
            numbers["answers"].last = secrets.randbits(62)
        self._owed: dict[str, str] = {}
        self._training = Training(self.store, self.blobs, files, models, self.clock)
        self._batches = Batches(
            self.store,
            self.blobs,
            files,
            self._ask,
            self.clock,
            _TOGETHER if models.concurrent else 1,
        )
        self.control = Control(
            self.store,
            self.clock,
            pacer,
            self.advance,
            Snapshots(layout, self.store, self.blobs, numbers, counts),
            Creations(self.store, self.blobs),
            RequestLog(numbers["requests"], self.clock, stopwatch),
            Faults(mishaps, self.clock),
        )
        uploads = Uploads(self.store, self.blobs, files, self.clock)
        uploads.expire()
        files.expire()
        jobs = Jobs(self.store, files, models, self.clock, pacer, mishaps)
        generate = GenerateRoutes(self.store, models, self.clock, numbers["answers"], counts)
        self._router = _router(
            generate,
            FileRoutes(self.store, files),
            StoredChatRoutes(self.store),
            UploadRoutes(uploads),
            ModelRoutes(self.store, models),
            PermissionRoutes(self.store, models, self.clock),
            JobRoutes(self.store, jobs),
            GraderRoutes(self.clock),
            BatchRoutes(self.store, files, self.clock, pacer),
            FineTuneRoutes(self.store, files, jobs),
            EngineRoutes(models, generate.completion, generate.chat),
        )
        self._control_router = (
            _router(ControlRoutes(self.control), prefix=CONTROL) if control_routes else None
        )

    @property
    def closed(self) -> bool:
        """Whether it takes no more requests."""
        return not self._release.alive

    def close(self) -> None:
        """Lets go of everything; without a data folder, forgets everything. May be repeated."""
        self._release()

    def find(self, request: Request) -> Found | None:
        """What will answer a request, None if nothing but a refusal will."""
        try:
            return (self._controls(request) or self._router).find(request)
        except ApiError:
            return None

    def handle(self, request: Request, found: Found | None = None) -> Response:
        """Answers a request; every failure is an answer too.

        Args:
            request: whatever a client sends.
            found: what ``find`` gave for it, if that was asked.

        Raises:
            Disconnect: the connection is to be dropped instead.
        """
        if self._controls(request):
            return self._ask(request, found)
        return self.control.answer(request, lambda asked: self._ask(asked, found))

    def _ask(self, request: Request, found: Found | None = None) -> Response:
        try:
            if self.closed:
                raise ApiError(503, "The offline service is closed.", kind="server_error")
            route, captured = found or (self._controls(request) or self._router).find(request)
            return route.handler(request, *captured)
        except ApiError as error:
            return error.response()
        except StorageError as error:
            return _storage_response(error)
        except PitchpipeError as error:
            return ApiError(500, str(error), kind="server_error").response()
        except Exception as error:  # noqa: BLE001 - a client gets an answer, whatever happens
            _log.exception("%s %s", request.method, request.path)
            message = f"The offline service failed: {type(error).__name__}: {error}"
            return ApiError(500, message, kind="server_error").response()

    def _controls(self, request: Request) -> Router | None:
        if self._control_router and request.path.startswith(f"/{CONTROL}/"):
            return self._control_router
        return None

    def advance(self, object_id: str, share: float = 1.0) -> None:
        """Moves a job or a batch on by one transition or one slice of work.

        Args:
            object_id: whose; one that is unknown, paused or has ended is left alone.
            share: how much of the present state's work may be done by now, 1 for all of it.

        Raises:
            StorageError: what is to be kept of it cannot be, such as on a full disk. Then it fails
                for that reason, or, where not even that can be kept, the next call fails it
                instead of doing the same work again.
        """
        part = self._batches if object_id.startswith("batch_") else self._training
        with self.blobs.going_on() as admitted:
            if not admitted:
                return
            try:
                if object_id in self._owed:
                    self._give_up(part, object_id, self._owed[object_id])
                else:
                    part.advance(object_id, share)
            except BusyError:
                raise
            except StorageError as error:
                _log.error("%s: %s", object_id, error)
                self._give_up(part, object_id, str(error))
                if moving(self.store, object_id):
                    raise

    def give_up(self, object_id: str, reason: str) -> None:
        """Fails a job or a batch that cannot be finished, unless it has ended.

        Args:
            object_id: whose.
            reason: a sentence for its owner.
        """
        part = self._batches if object_id.startswith("batch_") else self._training
        self._give_up(part, object_id, reason)

    def _give_up(self, part: Batches | Training, object_id: str, reason: str) -> None:
        self._owed[object_id] = reason
        try:
            part.give_up(object_id, reason)
        except FullError:
            self.store.make_room()
            part.give_up(object_id, reason)
        del self._owed[object_id]


class _Part(Protocol):
    def routes(self) -> tuple[Route, ...]: ...


def _router(*parts: _Part, prefix: str = "v1") -> Router:
    return Router((route for part in parts for route in part.routes()), prefix)


def _storage_response(error: StorageError) -> Response:
    refusal = ApiError(error.status, str(error), code=error.code, kind="server_error").response()
    if isinstance(error, BusyError):
        extra = {"retry-after": str(RETRY_SECONDS)}
    else:
        extra = {"x-should-retry": "false"}  # the openai package heeds it
    return replace(refusal, headers={**refusal.headers, **extra})


def _release(store: Store, blobs: Blobs, temporary: Path | None) -> None:
    store.close()
    blobs.close()
    if temporary is not None:
        shutil.rmtree(temporary, ignore_errors=True)
