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
from typing import Literal
from urllib.parse import unquote

from pitchpipe.errors import PitchpipeError
from pitchpipe.service.engine import states
from pitchpipe.service.engine.files import Files
from pitchpipe.service.engine.models import Models
from pitchpipe.service.engine.training import Training
from pitchpipe.service.http import ApiError, Request, Response
from pitchpipe.service.routes.batches import Batches
from pitchpipe.service.routes.generate import Generator
from pitchpipe.service.routes.jobs import Jobs
from pitchpipe.service.storage.blobs import Blobs
from pitchpipe.service.storage.store import Store
from pitchpipe.stages import Learner

_log = logging.getLogger(__name__)
# as in plugins.py, for those who use the service alone
logging.getLogger("pitchpipe").addHandler(logging.NullHandler())

Pace = Literal["polled", "immediate", "manual"]
"""What moves jobs and batches on: looking at one, creating it, or ``Service.advance`` alone."""

Handler = Callable[..., Response]


class Service:
    """The fine-tuning API. Threads may share one; processes may share its data folder.

    The same requests, in the same order, with the same seed, give the same ids, losses and
    answers.

    Args:
        data_dir: where everything is kept; without one, nothing outlives the object.
        pace: what moves jobs and batches on.
        learner: the class that is trained and answers, by default the n-gram one.
        learner_name: under which it is registered; kept with the models.
        clock: Unix seconds.
        seed: of ids and of choices that no request seeds; a data folder keeps its first one.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        pace: Pace = "polled",
        learner: type[Learner] | None = None,
        learner_name: str = "ngram",
        clock: Callable[[], float] = time.time,
        seed: int = 0,
    ) -> None:
        if learner is None:
            from pitchpipe.service.learners.ngram import NgramLearner

            learner = NgramLearner
        folder = data_dir or Path(tempfile.mkdtemp(prefix="pitchpipe-"))
        blobs = Blobs(folder)
        with blobs.claim("open", wait=True):
            store = Store(folder / "service.sqlite3" if data_dir else None, seed)
        self._pace = pace
        self._store = store
        self._release = weakref.finalize(self, _release, store, None if data_dir else folder)
        self._request_numbers = itertools.count(1)
        files = Files(store, blobs, clock)
        models = Models(store, blobs, learner, learner_name)
        generator = Generator(models, clock, store.seed)
        self._training = Training(store, blobs, files, models, clock)
        jobs = Jobs(store, files, models, clock, self._poll, self._create)
        self._batches = Batches(store, blobs, files, self.handle, clock, self._poll, self._create)
        self._routes: Mapping[tuple[str, ...], Mapping[str, Handler]] = {
            ("completions",): {"POST": generator.completion},
            ("chat", "completions"): {"POST": generator.chat},
            ("files",): {"GET": files.list, "POST": files.create},
            ("files", "*"): {"GET": files.retrieve, "DELETE": files.delete},
            ("files", "*", "content"): {"GET": files.content},
            ("models",): {"GET": models.list},
            ("models", "*"): {"GET": models.retrieve, "DELETE": models.delete},
            ("fine_tuning", "jobs"): {"GET": jobs.list, "POST": jobs.create},
            ("fine_tuning", "jobs", "*"): {"GET": jobs.retrieve},
            ("fine_tuning", "jobs", "*", "events"): {"GET": jobs.events},
            ("fine_tuning", "jobs", "*", "checkpoints"): {"GET": jobs.checkpoints},
            ("fine_tuning", "jobs", "*", "cancel"): {"POST": jobs.cancel},
            ("fine_tuning", "jobs", "*", "pause"): {"POST": jobs.pause},
            ("fine_tuning", "jobs", "*", "resume"): {"POST": jobs.resume},
            ("batches",): {"GET": self._batches.list, "POST": self._batches.create},
            ("batches", "*"): {"GET": self._batches.retrieve},
            ("batches", "*", "cancel"): {"POST": self._batches.cancel},
        }

    @property
    def closed(self) -> bool:
        """Whether it takes no more requests."""
        return not self._release.alive

    def close(self) -> None:
        """Lets go of everything; without a data folder, forgets everything. May be repeated."""
        self._release()

    def handle(self, request: Request) -> Response:
        """Answers a request; every failure is an answer too."""
        try:
            if self.closed:
                raise ApiError(503, "The offline service is closed.", kind="server_error")
            response = self._dispatch(request)
        except ApiError as error:
            response = error.response()
        except PitchpipeError as error:
            response = ApiError(500, str(error), kind="server_error").response()
        except Exception as error:  # noqa: BLE001 - a client gets an answer, whatever happens
            _log.exception("%s %s", request.method, request.path)
            message = f"The offline service failed: {type(error).__name__}: {error}"
            response = ApiError(500, message, kind="server_error").response()
        headers = {**response.headers, "x-request-id": f"req_{next(self._request_numbers):032x}"}
        return Response(response.status, headers, response.body)

    def advance(self, object_id: str) -> None:
        """Moves a job or a batch on by one transition or one slice of work.

        Args:
            object_id: whose; one that is unknown, paused or has ended is left alone.
        """
        if object_id.startswith("batch_"):
            self._batches.advance(object_id)
        else:
            self._training.advance(object_id)

    def _dispatch(self, request: Request) -> Response:
        version, *parts = [unquote(part) for part in request.path.strip("/").split("/")]
        for pattern in (tuple(parts), _pattern(parts)):
            handlers = self._routes.get(pattern) if version == "v1" else None
            if handlers is None:
                continue
            if request.method not in handlers:
                raise ApiError(405, f"Not allowed to {request.method} on {request.path}.")
            captured = [part for part, name in zip(parts, pattern, strict=True) if name == "*"]
            return handlers[request.method](request, *captured)
        raise ApiError(404, f"Invalid URL ({request.method} {request.path})")

    def _poll(self, object_id: str) -> None:
        if self._pace == "polled":
            self.advance(object_id)

    def _create(self, object_id: str) -> None:
        if self._pace != "immediate":
            return
        kind, table = ("batch", states.BATCH) if object_id[:5] == "batch" else ("job", states.JOB)
        while row := self._store.get(kind, object_id):
            if states.ended(table, row.body["status"]) or row.body["status"] == "paused":
                return
            self.advance(object_id)


def _pattern(parts: list[str]) -> tuple[str, ...]:
    """The route that a path with an id in it belongs to."""
    place = 2 if parts[:2] == ["fine_tuning", "jobs"] else 1
    return tuple("*" if index == place else part for index, part in enumerate(parts))


def _release(store: Store, temporary: Path | None) -> None:
    store.close()
    if temporary is not None:
        shutil.rmtree(temporary, ignore_errors=True)
