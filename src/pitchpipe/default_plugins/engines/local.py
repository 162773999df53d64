"""Work on chunks on this machine."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing import get_context
from typing import Any, ClassVar

from pitchpipe.errors import DataError
from pitchpipe.stages import Engine, Item, Result

# of glibc's malloc.h
_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3

_FEW = 3
"""Items up to this many are not worth a second process."""


@dataclass(frozen=True)
class LocalEngine(Engine):
    """Works on chunks in as many processes as there are processors, on few chunks in this one.

    Processes are forked, on Linux and where no other thread runs; elsewhere all is done in this
    process.

    Attributes:
        workers: how many processes; None for one a processor that this process may use.
    """

    shares_files: ClassVar[bool] = True

    workers: int | None = None

    def __post_init__(self) -> None:
        """Holds the option to its range."""
        if self.workers is not None and self.workers < 1:
            raise ValueError(f"workers must be at least 1; found {self.workers}.")

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """``function`` of every item, in order; at most two a process are under way."""
        workers = self.workers or _processors()
        if workers == 1 or not _can_fork():
            return map(function, items)
        items = iter(items)
        first = list(islice(items, _FEW + 1))
        if len(first) <= _FEW:
            return map(function, first)
        return _map(function, chain(first, items), workers)


def _map(
    function: Callable[[Item], Result], items: Iterator[Item], workers: int
) -> Generator[Result, None, None]:
    read_end, write_end = os.pipe()  # it ends when this process does, however it does
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, read_end)
        stack.callback(os.close, write_end)
        pool = ProcessPoolExecutor(
            workers, get_context("fork"), _begin, (function, read_end, write_end)
        )
        waiting: deque[Future[Any]] = deque()
        try:
            for item in items:
                waiting.append(_submit(pool, item))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise DataError(
                "a process that worked on the data was killed, perhaps for want of memory. "
                "Expected enough for some chunks at a time; lower data.chunk_rows, or set "
                "engine.workers to 1."
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _submit(pool: ProcessPoolExecutor, item: object) -> Future[Any]:
    with warnings.catch_warnings():
        # the threads that it warns of are those of numerical libraries, which bear a fork
        warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
        return pool.submit(_work, item)


_function: Callable[[Any], Any]


def _begin(function: Callable[[Any], Any], read_end: int, write_end: int) -> None:
    global _function
    _function = function
    os.close(write_end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the parent, which ends the work
    # what the parent made is nobody's garbage here, and to look at it would copy it
    gc.freeze()
    gc.set_threshold(100_000)
    _keep_memory()
    threading.Thread(target=_die_with_parent, args=(read_end,), daemon=True).start()


def _keep_memory() -> None:
    """Keeps freed memory for the next chunk: to get it anew takes a third of a worker's time."""
    with contextlib.suppress(OSError, AttributeError):  # only glibc can be told so
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, size in ((_TRIM_THRESHOLD, 1 << 27), (_MMAP_THRESHOLD, 1 << 24)):
            mallopt(parameter, size)


def _work(item: object) -> object:
    return _function(item)


def _die_with_parent(read_end: int) -> None:
    os.read(read_end, 1)
    os._exit(1)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _can_fork() -> bool:
    return sys.platform == "linux" and threading.active_count() == 1
