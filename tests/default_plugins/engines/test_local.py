from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pitchpipe.errors import ConfigError, DataError
from pitchpipe.plugins import PluginHost
from pitchpipe.stages import Engine

Make = Callable[..., Engine]


@pytest.fixture(scope="session")
def engine() -> Make:
    def make(**options: object) -> Engine:
        made: Engine = PluginHost(entry_points=False).engines.create("local", options)
        return made

    return make


def square(number: int) -> int:
    return number * number


TESTS = os.getpid()


def where(_: int) -> int:
    return os.getpid()


def fail(number: int) -> int:
    if number == 7:
        raise DataError("line 7: odd")
    return number


def die(number: int) -> int:
    if number == 7:
        assert os.getpid() != TESTS, "in the tests' own process"
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(), max_size=40), st.integers(1, 3))
def test_results_come_in_the_order_of_the_items(
    engine: Make, items: list[int], workers: int
) -> None:
    assert list(engine(workers=workers).map(square, items)) == list(map(square, items))


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_many_items_are_worked_on_elsewhere_and_few_are_not(engine: Make) -> None:
    elsewhere = set(engine(workers=2).map(where, range(40)))
    assert os.getpid() not in elsewhere
    assert set(engine(workers=2).map(where, range(3))) == {os.getpid()}
    assert set(engine(workers=1).map(where, range(40))) == {os.getpid()}


def test_beside_other_threads_nothing_is_forked(engine: Make) -> None:
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        assert set(engine(workers=2).map(where, range(40))) == {os.getpid()}
    finally:
        done.set()
        other.join()


def test_only_a_few_items_are_taken_ahead(engine: Make) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = engine(workers=2).map(square, items())
    next(results)
    assert len(taken) < 10


@pytest.mark.parametrize("workers", [1, 2])
def test_what_the_function_raises_is_raised(engine: Make, workers: int) -> None:
    with pytest.raises(DataError, match="line 7: odd"):
        list(engine(workers=workers).map(fail, range(40)))


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_a_killed_process_is_told_in_words(engine: Make) -> None:
    with pytest.raises(DataError, match="was killed, perhaps for want of memory"):
        list(engine(workers=2).map(die, range(40)))


def test_workers_must_be_some(engine: Make) -> None:
    with pytest.raises(ConfigError, match="workers must be at least 1"):
        engine(workers=0)


ORPHANS = """
import os, signal
from pitchpipe.plugins import PluginHost

engine = PluginHost(entry_points=False).engines.create("local", {"workers": 2})
for pid in engine.map(lambda _: os.getpid(), range(100)):
    print(pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_no_process_outlives_a_killed_parent() -> None:
    # its output ends only when no process is left that could write to it
    killed = subprocess.run(
        [sys.executable, "-c", ORPHANS], capture_output=True, text=True, check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    assert killed.stdout.strip().isdigit()
