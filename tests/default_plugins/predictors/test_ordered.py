import itertools
import random
import threading

import pytest

from pitchpipe.default_plugins.predictors.ordered import THREAD_NAME, Stopped, ordered_map


def crew():
    return [thread for thread in threading.enumerate() if thread.name.startswith(THREAD_NAME)]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    for thread in crew():
        thread.join(10)
    assert not crew()


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_results_come_in_order_however_long_each_takes(workers):
    lengths = random.Random(1).sample(range(200), 200)

    def work(item, stop):
        stop.wait(lengths[item] / 1e5)
        return item * 2

    assert list(ordered_map(work, range(200), workers, 20)) == [i * 2 for i in range(200)]


@pytest.mark.parametrize("workers", [1, 4])
def test_an_endless_input_is_taken_no_further_than_the_look_ahead(workers):
    taken = itertools.count()
    results = ordered_map(lambda item, stop: item, taken, workers, 8)
    assert [next(results) for _ in range(100)] == list(range(100))
    results.close()
    assert next(taken) <= 100 + 8


def test_a_result_comes_before_later_ones_are_done():
    later = threading.Event()

    def work(item, stop):
        if item == 1:
            assert later.wait(10)
        return item

    results = ordered_map(work, range(2), 2, 4)
    assert next(results) == 0
    later.set()
    assert list(results) == [1]


def test_no_more_run_at_once_than_there_are_workers():
    running, most, lock = 0, 0, threading.Lock()
    full = threading.Barrier(3, timeout=10)

    def work(item, stop):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        full.wait()
        with lock:
            running -= 1
        full.wait()

    list(ordered_map(work, range(9), 3, 9))
    assert most == 3


def test_the_first_failure_in_order_is_raised_and_wakes_those_that_wait():
    woken = threading.Event()
    waiting = threading.Event()

    def work(item, stop):
        if item == 1:
            waiting.wait(10)
            raise ValueError(item)
        if item == 2:
            waiting.set()
            try:
                stop.wait(60)
            except Stopped:
                woken.set()
                raise
        return item

    results = ordered_map(work, range(50), 2, 10)
    assert next(results) == 0
    with pytest.raises(ValueError, match="1"):
        next(results)
    assert woken.wait(10)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_failing_input_is_raised(workers):
    def items():
        yield 1
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(ordered_map(lambda item, stop: item, items(), workers, 2))
