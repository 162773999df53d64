"""A server in a process of its own, as people run it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


class Serving:
    """``pitchpipe serve`` on a free port."""

    def __init__(self, *flags: str, data_dir: Path | None = None) -> None:
        kept = ["--data-dir", str(data_dir)] if data_dir else []
        words = ["serve", "--port", "0", "--json", "--log-format", "json", *kept, *flags]
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - a pipe, unread, would stop it
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pitchpipe", *words],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.end(signal.SIGTERM)[1])
        self.url = json.loads(line)["url"]

    @property
    def workers(self) -> list[int]:
        """Process ids of those that train; Linux only."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for task in tasks for pid in task.read_text().split()]

    def kill(self) -> None:
        """Ends it as nothing can be caught."""
        self.end(signal.SIGKILL)

    def end(self, how: int = signal.SIGINT) -> tuple[int, str]:
        """Ends it as a person would; gives its exit code and its log."""
        self.process.send_signal(how)
        return self.wait()

    def wait(self) -> tuple[int, str]:
        """Its exit code and its log, once it has ended."""
        self.process.communicate()
        self._log.seek(0)
        with self._log:
            return self.process.returncode, self._log.read()


@pytest.fixture
def serving() -> Iterator[Callable[..., Serving]]:
    """Starts servers; takes the flags, and ``data_dir``."""
    started: list[Serving] = []

    def start(*flags: str, **options: Any) -> Serving:
        started.append(Serving(*flags, **options))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.kill()


@pytest.fixture
def kills() -> int:
    """How often the server is killed: few times by default, PITCHPIPE_KILLS says otherwise."""
    return int(os.environ.get("PITCHPIPE_KILLS", "6"))
