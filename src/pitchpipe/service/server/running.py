"""A server with its workers, as a program runs it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pitchpipe.service.engine.pace import WORKERS, Pace
from pitchpipe.service.server.keys import KeyFile
from pitchpipe.service.server.limits import Limits
from pitchpipe.service.server.logs import Form
from pitchpipe.service.server.runner import server
from pitchpipe.service.server.worker import Orders
from pitchpipe.service.server.workers import Workers
from pitchpipe.service.service import Service
from pitchpipe.stages import Learner


def serve(
    listener: socket.socket,
    folder: Path,
    *,
    learner: type[Learner] | None,
    learner_name: str,
    learner_options: Mapping[str, str],
    seed: int | None,
    keys: KeyFile | None,
    control: bool,
    pace: Pace | Literal["workers"],
    workers: int,
    most_upload: int,
    log_form: Form,
    log_level: str,
    block: Sequence[str] = (),
    allow: Sequence[str] | None = None,
    allow_origins: Iterable[str] = (),
    allow_hosts: Iterable[str] = (),
    max_connections: int | None = None,
    started: Callable[[], object] = lambda: None,
) -> None:
    """Serves until SIGINT or SIGTERM; must be called in the process's main thread.

    What those signals did before is done in the end: SIGINT raises KeyboardInterrupt.

    Args:
        listener: the socket to listen on.
        folder: the data.
        learner: the class that answers, None for the default one.
        learner_name: under which it is registered; the workers find it by that.
        learner_options: as which the workers set it up.
        seed: of ids and of unseeded choices, in a new folder; None draws one.
        keys: who may ask; everybody without it.
        control: whether the control routes are answered.
        pace: what moves jobs and batches on.
        workers: processes that train, where the pace says so.
        most_upload: bytes of an uploaded file.
        log_form: how the workers log.
        log_level: from which level on they do.
        block: plugins that the workers do not load.
        allow: if given, the only ones that they load.
        allow_origins: web pages that may ask as well.
        allow_hosts: names by which the server may be reached as well, where no keys are asked for.
        max_connections: how many there may be at once; None for as many as this system allows,
            1,000 at most.
        started: called once the data is open and the server listens.

    Raises:
        StorageError: the data cannot be used.
        UsageError: an origin or a host is none.
    """
    orders = Orders(str(folder), learner_name, learner_options, log_form, log_level, block, allow)
    pool = Workers(
        workers if pace == WORKERS else 0, orders, lambda *given: service.give_up(*given)
    )
    service = Service(
        folder,
        pace=pace,
        learner=learner,
        learner_name=learner_name,
        seed=seed,
        waiting=pool.nudge,
        control_routes=control,
    )
    running = server(
        service,
        limits=Limits(max_connections),
        keys=keys,
        most_upload=most_upload,
        workers=lambda: pool.alive,
        allow_origins=allow_origins,
        allow_hosts=allow_hosts,
        listens_on=listener.getsockname()[0],
    )
    running.started_up = started
    try:
        with pool:
            running.run([listener])
    finally:
        service.close()
