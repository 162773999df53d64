from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from pitchpipe import stopping
from pitchpipe.errors import StoppedError


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    """What this block is stopped by."""
    event = threading.Event()
    with stopping.stoppable(event):
        yield event


def test_nobody_asks_for_an_end(stop: threading.Event) -> None:
    future: Future[int] = Future()
    future.set_result(7)
    stopping.check()
    stopping.pause(0)
    assert stopping.result_of(future) == 7


def test_outside_of_a_block_nothing_stops() -> None:
    with stopping.stoppable(None):
        stopping.check()
        stopping.pause(0)
    future: Future[int] = Future()
    future.set_exception(ValueError("x"))
    with pytest.raises(ValueError, match="x"):
        stopping.result_of(future)


def test_an_end_reaches_a_check_a_pause_and_a_wait(stop: threading.Event) -> None:
    stop.set()
    with pytest.raises(StoppedError, match="the same call goes on from here"):
        stopping.check()
    with pytest.raises(StoppedError):
        stopping.pause(3600)
    with pytest.raises(StoppedError):
        stopping.result_of(Future())


def test_a_wait_under_way_ends(stop: threading.Event) -> None:
    future: Future[int] = Future()
    threading.Timer(0.01, stop.set).start()
    with pytest.raises(StoppedError):
        stopping.result_of(future)


def test_what_is_there_is_taken_even_then(stop: threading.Event) -> None:
    future: Future[int] = Future()
    future.set_exception(TimeoutError("its own"))
    with pytest.raises(TimeoutError, match="its own"):
        stopping.result_of(future)


def test_an_end_is_for_one_thread(stop: threading.Event) -> None:
    stop.set()
    ended: list[bool] = []

    def other() -> None:
        stopping.check()
        ended.append(True)

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert ended == [True]


def test_the_inner_block_counts(stop: threading.Event) -> None:
    stop.set()
    with stopping.stoppable(threading.Event()):
        stopping.check()
    with stopping.stoppable(None), pytest.raises(StoppedError):
        stopping.check()
