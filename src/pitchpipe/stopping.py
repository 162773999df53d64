"""Stopping work from another thread, where it can be gone on with later."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextvars import ContextVar
from typing import TypeVar

from pitchpipe.errors import StoppedError

Result = TypeVar("Result")

_stop: ContextVar[threading.Event | None] = ContextVar("pitchpipe_stop", default=None)

_GLANCE_SECONDS = 0.1  # how often a wait for another thread looks up


@contextlib.contextmanager
def stoppable(stop: threading.Event | None) -> Iterator[None]:
    """What runs in this block, in this thread, ends soon after the event is set.

    Args:
        stop: set by any thread; None leaves what holds around the block.

    Raises:
        StoppedError: it was set.
    """
    if stop is None:
        yield
        return
    token = _stop.set(stop)
    try:
        yield
    finally:
        _stop.reset(token)


def check() -> None:
    """Ends the work if that was asked for: stages that work long call it now and then.

    Raises:
        StoppedError: it was.
    """
    stop = _stop.get()
    if stop is not None and stop.is_set():
        raise StoppedError("stopped on request; the same call goes on from here.")


def pause(seconds: float) -> None:
    """Sleeps, as long as nobody asks for an end: stages that wait call it.

    Raises:
        StoppedError: somebody did.
    """
    stop = _stop.get()
    if stop is None:
        time.sleep(seconds)
    else:
        stop.wait(seconds)
        check()


def result_of(future: Future[Result]) -> Result:
    """What another thread comes to, as long as nobody asks for an end.

    Raises:
        StoppedError: somebody did.
    """
    stop = _stop.get()
    while stop is not None and not future.done():
        check()
        with contextlib.suppress(TimeoutError):
            future.exception(_GLANCE_SECONDS)
    return future.result()
