"""The offline service: one entry for every request, whichever way it comes."""

from __future__ import annotations

import itertools
import logging
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path

from pitchpipe.errors import PitchpipeError
from pitchpipe.service.engine.batches import Batches
from pitchpipe.service.engine.clock import Clock
from pitchpipe.service.engine.files import Files
from pitchpipe.service.engine.models import Models
from pitchpipe.service.engine.pace import Pace, Pacer
from pitchpipe.service.engine.training import Training
from pitchpipe.service.http import ApiError, Disconnect, Request, Response
from pitchpipe.service.router import Found, Router
from pitchpipe.service.routes.batches import BatchRoutes
from pitchpipe.service.routes.files import FileRoutes
from pitchpipe.service.routes.generate import GenerateRoutes
from pitchpipe.service.routes.jobs import JobRoutes
from pitchpipe.service.routes.models import ModelRoutes
from pitchpipe.service.storage.blobs import Blobs
from pitchpipe.service.storage.store import Store
from pitchpipe.stages import Learner

_log = logging.getLogger(__name__)
# as in plugins.py, for those who use the service alone
logging.getLogger("pitchpipe").addHandler(logging.NullHandler())


class Service:
    """The fine-tuning API. Threads may share one; processes may share its data folder.

    The same requests, in the same order, with the same seed, give the same ids, losses and
    answers.

    Args:
        data_dir: where everything is kept; without one, nothing outlives the object.
        pace: what moves jobs and batches on.
        lasting: seconds that a state lasts, by "job.STATE" or "batch.STATE", where the pace is
            "timed"; the rest last as ``engine.pace.LASTING`` says.
        learner: the class that is trained and answers, by default the n-gram one.
        learner_name: under which it is registered; kept with the models.
        clock: Unix seconds.
        seed: of ids and of choices that no request seeds; a data folder keeps its first one.
        waiting: called with the id of every job and batch that is put into the queue.

    Attributes:
        clock: as given.
        store: the objects.
        blobs: the bytes.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        pace: Pace = "polled",
        lasting: Mapping[str, float] | None = None,
        learner: type[Learner] | None = None,
        learner_name: str = "ngram",
        clock: Callable[[], float] = time.time,
        seed: int = 0,
        waiting: Callable[[str], None] = lambda _: None,
    ) -> None:
        if learner is None:
            from pitchpipe.service.learners.ngram import NgramLearner

            learner = NgramLearner
        folder = data_dir or Path(tempfile.mkdtemp(prefix="pitchpipe-"))
        self.clock = clock if isinstance(clock, Clock) else Clock(clock)
        self.blobs = Blobs(folder)
        with self.blobs.claim("open", wait=True):
            self.store = Store(folder / "service.sqlite3" if data_dir else None, seed)
        self._release = weakref.finalize(self, _release, self.store, None if data_dir else folder)
        self._request_numbers = itertools.count(1)
        files = Files(self.store, self.blobs, self.clock)
        models = Models(self.store, self.blobs, learner, learner_name)
        pacer = Pacer(self.store, self.clock, self.advance, pace, lasting or {}, waiting)
        self._training = Training(self.store, self.blobs, files, models, self.clock)
        self._batches = Batches(self.store, self.blobs, files, self.handle, self.clock)
        self._router = Router(
            route
            for part in (
                GenerateRoutes(models, self.clock, self.store.seed),
                FileRoutes(self.store, files),
                ModelRoutes(self.store, models),
                JobRoutes(self.store, files, models, self.clock, pacer),
                BatchRoutes(self.store, files, self.clock, pacer),
            )
            for route in part.routes()
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
            return self._router.find(request)
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
        try:
            if self.closed:
                raise ApiError(503, "The offline service is closed.", kind="server_error")
            route, captured = found or self._router.find(request)
            response = route.handler(request, *captured)
        except Disconnect:
            raise
        except ApiError as error:
            response = error.response()
        except PitchpipeError as error:
            response = ApiError(500, str(error), kind="server_error").response()
        except Exception as error:  # noqa: BLE001 - a client gets an answer, whatever happens
            _log.exception("%s %s", request.method, request.path)
            message = f"The offline service failed: {type(error).__name__}: {error}"
            response = ApiError(500, message, kind="server_error").response()
        request_id = f"req_{next(self._request_numbers):032x}"
        headers = {**response.headers, "x-request-id": request_id}
        return Response(response.status, headers, response.body, response.delay)

    def advance(self, object_id: str, share: float = 1.0) -> None:
        """Moves a job or a batch on by one transition or one slice of work.

        Args:
            object_id: whose; one that is unknown, paused or has ended is left alone.
            share: how much of the present state's work may be done by now, 1 for all of it.
        """
        if object_id.startswith("batch_"):
            self._batches.advance(object_id, share)
        else:
            self._training.advance(object_id, share)

    def give_up(self, object_id: str, reason: str) -> None:
        """Fails a job or a batch that cannot be finished, unless it has ended.

        Args:
            object_id: whose.
            reason: a sentence for its owner.
        """
        part = self._batches if object_id.startswith("batch_") else self._training
        part.give_up(object_id, reason)


def _release(store: Store, temporary: Path | None) -> None:
    store.close()
    if temporary is not None:
        shutil.rmtree(temporary, ignore_errors=True)
