"""Many at a time, in order."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

from pitchpipe import stopping

T = TypeVar("T")
R = TypeVar("R")

THREAD_NAME = "pitchpipe-predict"

_FAREWELL_SECONDS = 2.0  # for work under way to end before what it uses is closed


class Stopped(Exception):  # noqa: N818 - no error: it ends a worker that is no longer needed
    """Raised inside a worker that waits while the others have given up."""


class Stop:
    """Tells workers that nobody waits for them any more."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Wakes those that wait."""
        self._event.set()

    def __bool__(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> None:
        """Sleeps, unless it is over.

        Raises:
            Stopped: it is.
        """
        if self._event.wait(seconds):
            raise Stopped


def ordered_map(
    work: Callable[[T, Stop], R], items: Iterable[T], workers: int, ahead: int
) -> Iterator[R]:
    """Yields ``work(item, stop)`` of each item in the items' order, as soon as those before it.

    With one worker everything happens in the caller's thread. Threads are daemons: an interrupted
    program does not wait for them.

    Args:
        work: what to do; its first exception, in the items' order, is raised here.
        items: may be endless; at most ``ahead`` are taken before their results are.
        workers: threads.
        ahead: how far to run ahead of the results taken.
    """
    stop = Stop()
    if workers <= 1:
        for item in items:
            yield work(item, stop)
        return

    tasks: SimpleQueue[tuple[Future[R], T] | None] = SimpleQueue()
    pending: deque[Future[R]] = deque()
    threads: list[threading.Thread] = []
    patience = _FAREWELL_SECONDS

    def run() -> None:
        while (task := tasks.get()) is not None:
            future, item = task
            if stop:
                future.cancel()
                continue
            try:
                future.set_result(work(item, stop))
            except BaseException as error:  # noqa: BLE001 - raised again where results are taken
                future.set_exception(error)

    try:
        for item in items:
            if len(threads) < workers:
                name = f"{THREAD_NAME}-{len(threads)}"
                threads.append(threading.Thread(target=run, name=name, daemon=True))
                threads[-1].start()
            future: Future[R] = Future()
            pending.append(future)
            tasks.put((future, item))
            while pending and (len(pending) >= ahead or pending[0].done()):
                yield stopping.result_of(pending.popleft())
        while pending:
            yield stopping.result_of(pending.popleft())
    except KeyboardInterrupt:
        patience = 0.0
        raise
    finally:
        stop.set()
        for _ in threads:
            tasks.put(None)
        end = time.monotonic() + patience
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
