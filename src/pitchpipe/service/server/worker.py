"""A process that trains and answers batches; ``python -m pitchpipe.service.server.worker``.

It reads nothing but nudges from standard input and dies with it; it writes what it is working on to
standard output, so that whoever started it knows what killed it. It may be killed at any moment.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pitchpipe.errors import PitchpipeError
from pitchpipe.service.engine.pace import moving
from pitchpipe.service.server.logs import Form, log_to_stderr
from pitchpipe.service.service import Service
from pitchpipe.service.storage.errors import StorageError
from pitchpipe.stages import Learner

SIGNALS_OF_SERVER = (signal.SIGINT, signal.SIGTERM)
"""Signals that a worker leaves to its server, which gets them too and ends its workers."""

_log = logging.getLogger(__name__)

_IDLE_SECONDS = 0.5  # others may put work into the folder without a nudge
_LOOK_AHEAD = 64
_BATCHES = ("cancelling", "finalizing", "in_progress", "validating")
_JOBS = ("running", "queued")


@dataclass(frozen=True)
class Orders:
    """What a worker is told when it starts.

    Attributes:
        folder: the service's data.
        learner: the name of the learner that it trains.
        learner_options: how that is set up.
        log_form: how it logs.
        log_level: from which level on.
        block: plugins that are not loaded to find the learner.
        allow: if given, the only ones that are.
    """

    folder: str
    learner: str
    learner_options: Mapping[str, str]
    log_form: Form
    log_level: str
    block: Sequence[str] = ()
    allow: Sequence[str] | None = None

    def to_argument(self) -> str:
        """All of it in one word of a command line."""
        return json.dumps(asdict(self))


class Worker:
    """Takes jobs and batches out of a folder's queue, one at a time.

    Args:
        service: of the folder, with the pace "workers".
        report: called with the id of what it begins, and "" when it is done with it.
    """

    def __init__(self, service: Service, report: Callable[[str], None]) -> None:
        self._service = service
        self._report = report
        self._turns = itertools.cycle((True, False))

    def work(self) -> bool:
        """Brings the first that nobody else has in hand to its end; False if there is none."""
        self._validate()
        return any(map(self._finish, self._queue()))

    def _queue(self) -> Iterator[str]:
        """What waits, oldest first; batches and jobs go first in turn."""
        store = self._service.store
        kinds = [("batch", _BATCHES), ("job", _JOBS)]
        for kind, statuses in kinds if next(self._turns) else kinds[::-1]:
            for status in statuses:
                yield from store.with_status(kind, status, _LOOK_AHEAD)

    def _validate(self) -> None:
        """Files are checked at once, however long the queue behind them is."""
        for job_id in self._service.store.with_status("job", "validating_files", _LOOK_AHEAD):
            self._service.advance(job_id)

    def _finish(self, object_id: str) -> bool:
        with self._service.blobs.claim(f"{object_id}.worker") as mine:
            if not mine:
                return False
            self._report(object_id)
            try:
                return self._bring_to_its_end(object_id)
            finally:
                self._report("")

    def _bring_to_its_end(self, object_id: str) -> bool:
        moved = False
        before = None
        while (row := moving(self._service.store, object_id)) and row != before:
            moved = moved or before is not None
            before = row
            self._service.advance(object_id)
            self._validate()
        return moved or row is None


def main(orders: Orders) -> None:
    """Works until standard input ends."""
    for number in SIGNALS_OF_SERVER:
        signal.signal(number, signal.SIG_IGN)
    # blocked since this process was started; what has come since then is forgotten
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS_OF_SERVER)
    log_to_stderr(orders.log_form, orders.log_level)
    nudged = threading.Event()
    threading.Thread(target=_listen, args=(nudged,), daemon=True).start()
    service = _service(orders)
    worker = Worker(service, _report)
    told = ""
    while True:
        nudged.clear()
        try:
            worked, trouble = worker.work(), ""
        except StorageError as error:  # it may pass, and this process would not help it by dying
            worked, trouble = False, str(error)
            if trouble != told:
                _log.error("%s", trouble)
        told = trouble
        if not worked:
            nudged.wait(_IDLE_SECONDS)


def _service(orders: Orders) -> Service:
    try:
        name, learner = _learner(orders)
        return Service(
            Path(orders.folder),
            pace="workers",
            learner=learner.configured(orders.learner_options),
            learner_name=name,
        )
    except PitchpipeError as error:
        _log.error("a worker cannot start: %s", error)
        sys.exit(1)


def _learner(orders: Orders) -> tuple[str, type[Learner]]:
    """The learner, in plugins that are chosen as those of the server are."""
    from pitchpipe.service.offline import DEFAULT_LEARNER, built_in

    if orders.learner == DEFAULT_LEARNER and not orders.block and orders.allow is None:
        return built_in(orders.learner)
    from pitchpipe.plugins import PluginHost

    return PluginHost(block=orders.block, allow=orders.allow).learner(orders.learner)


def _report(object_id: str) -> None:
    sys.stdout.write(f"{object_id}\n")
    sys.stdout.flush()


def _listen(nudged: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        nudged.set()
    # whoever started this process is gone; everything it has done is on disk
    os._exit(0)


if __name__ == "__main__":
    main(Orders(**json.loads(sys.argv[1])))
