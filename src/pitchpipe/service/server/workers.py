"""The processes that train, kept alive."""

from __future__ import annotations

import contextlib
import logging
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

from pitchpipe.service.server.worker import SIGNALS_OF_SERVER, Orders
from pitchpipe.service.storage.errors import StorageError

_log = logging.getLogger(__name__)

_MOST_DEATHS = 3
"""So often may work on the same object end a worker before the object is given up."""

_REST_SECONDS = 0.1  # before a worker that died is replaced; doubles with each short life
_MOST_REST_SECONDS = 30.0
_SHORT_LIFE_SECONDS = 10.0


class Workers:
    """A number of worker processes, from the start of a block to its end.

    Args:
        count: how many.
        orders: what each is told.
        give_up: called with the id of what keeps killing workers, and the reason.
    """

    def __init__(self, count: int, orders: Orders, give_up: Callable[[str, str], None]) -> None:
        self._orders = orders
        self._give_up = give_up
        self._deaths: Counter[str] = Counter()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._keepers = [
            threading.Thread(target=self._keep_one, name=f"pitchpipe-worker-{number}", daemon=True)
            for number in range(count)
        ]

    def __enter__(self) -> Self:
        """Starts them."""
        try:
            for keeper in self._keepers:
                keeper.start()
        except BaseException:  # such as Ctrl-C: the block is not entered, and would not be left
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Ends them, wherever they are: the next ones go on from the last checkpoint."""
        self._stop()

    def _stop(self) -> None:
        self._stopping.set()
        with self._lock:
            for process in self._running:
                process.kill()
        for keeper in self._keepers:
            if keeper.ident is not None:  # it was started
                keeper.join()

    @property
    def alive(self) -> int:
        """How many are running."""
        return len(self._running)

    def nudge(self, object_id: str = "") -> None:
        """Tells them that something waits."""
        del object_id
        with self._lock:
            for process in self._running:
                if process.stdin is not None:
                    with contextlib.suppress(BrokenPipeError, ValueError):  # it is gone
                        process.stdin.write(b"\n")

    def _keep_one(self) -> None:
        # processes that this thread starts are born with it, and ignore them from their first line
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS_OF_SERVER)
        deaths = 0
        while not self._stopping.is_set():
            begun = time.monotonic()
            try:
                code, working_on = self._live_and_die()
            except OSError as error:  # no memory, or no room for a process
                _log.error("a worker cannot be started: %s", error)
            else:
                if self._stopping.is_set():
                    return
                _log.error(
                    "a worker ended with code %s while working on %s", code, working_on or "nothing"
                )
                if working_on:
                    self._blame(working_on)
            deaths = deaths + 1 if time.monotonic() - begun < _SHORT_LIFE_SECONDS else 0
            self._stopping.wait(min(_MOST_REST_SECONDS, _REST_SECONDS * 2 ** min(deaths, 16)))

    def _live_and_die(self) -> tuple[int, str]:
        """Runs one process to its end; gives its exit code, and what it was working on."""
        with self._lock:
            if self._stopping.is_set():
                return 0, ""
            process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", Orders.__module__, self._orders.to_argument()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
            )
            self._running.add(process)
        working_on = ""
        with process:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            for line in process.stdout:
                working_on = line.decode().strip()
            process.wait()
        with self._lock:
            self._running.discard(process)
        return process.returncode, working_on

    def _blame(self, object_id: str) -> None:
        with self._lock:
            self._deaths[object_id] += 1
            deaths = self._deaths[object_id]
        if deaths < _MOST_DEATHS:
            return
        try:
            self._give_up(
                object_id,
                f"Work on it ended its process {deaths} times; the memory may be too small.",
            )
        except StorageError as error:  # the next death tries again
            _log.error("%s cannot be given up: %s", object_id, error)
