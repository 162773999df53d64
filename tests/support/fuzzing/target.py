"""A server in a process of its own that is attacked, and what must hold after each attack."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from fuzzing import usage
from fuzzing.verdicts import complaints
from fuzzing.wire import SECONDS, Answer, ask, request, throw

MAX_CPU_SECONDS = 5.0
"""Processor time of the server for one attack: far more than any needs."""

MAX_PEAK_BYTES = 192 << 20
"""Memory of the server beyond what it held before one attack of a megabyte at the most."""

MAX_GROWTH_BYTES = 256 << 20
"""Memory of the server beyond what it held at the start, after all attacks of a test."""

MAX_LOG_LINE = 128 << 10
"""Characters of a line of the log; the longest address that is let in has half as many."""

_PLAIN_NAME = re.compile(r"[\w.-]+")
_IN_FLIGHT = re.compile(rb"^pitchpipe_requests_in_flight (\S+)$", re.M)


class Target:
    """``pitchpipe serve`` on a free port, in folders that hold nothing else.

    Args:
        flags: more flags of the command.
        key_file: made with one key, and given to the server.
    """

    def __init__(self, *flags: str, key_file: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.root = Path(self._folder.name)
        # deep down, so that a name with some ".." still ends below the root, where it is seen
        self.data = self.root / "deep" / "down" / "here" / "data"
        self._beside = {"home": self.root / "home", "tmp": self.root / "tmp"}
        for folder in (self.data.parent, *self._beside.values()):
            folder.mkdir(parents=True)
        self.key_file = self.root / "keys"
        self.key = ""
        if key_file:
            self.key = self._pitchpipe("keys", "new", "fuzzer", "--file", str(self.key_file))
            flags = (*flags, "--api-key-file", str(self.key_file))
        self._flags = flags
        self._log_path = self.root / "log"
        self._log_read = 0
        self._process: subprocess.Popen[str] | None = None
        self._begin()
        self._known = self._outside()
        self._first_memory = usage.memory(self.pid)

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name != "XDG_CONFIG_HOME"}
        folders = {"HOME": str(self._beside["home"]), "TMPDIR": str(self._beside["tmp"])}
        return kept | folders | {"PYTHONDONTWRITEBYTECODE": "1"}

    def _pitchpipe(self, *words: str) -> str:
        command = [sys.executable, "-m", "pitchpipe", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def _begin(self) -> None:
        words = ["serve", "--port", "0", "--json", "--log-format", "json", "--data-dir"]
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pitchpipe", *words, str(self.data), *self._flags],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=self._beside["home"],
                env=self._environment(),
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self._log_path.read_text("utf-8")[-2000:]
        self.port = int(urlsplit(json.loads(line)["url"]).port or 0)
        self._in_flight()  # loads what counts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self._end()
            if kind is None:
                self._check_log()
                self._check_disk()
        finally:
            self._folder.cleanup()

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None
        return self._process.pid

    # --- attacks ----------------------------------------------------------------------------------

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """What the API says to a request that is in order.

        Args:
            method: in capitals.
            path: with ``/v1``.
            body: what becomes JSON.
        """
        content = b"" if body is None else json.dumps(body).encode()
        return self.send(request(method, path, content, key=self.key)).json

    def send(self, data: bytes) -> Answer:
        """Sends one whole request, and reads its answer."""
        self._revive()
        return ask(self.port, data)

    def attack(self, *requests: bytes) -> list[Answer]:
        """Sends whole requests, each on a connection of its own, and checks all that must hold."""
        before = self._measured()
        answers = [ask(self.port, data) for data in requests]
        found = [
            f"{complaint} to {data[:400]!r} ... {data[-100:]!r}"
            for data, answer in zip(requests, answers, strict=True)
            for complaint in complaints(answer, bodiless=data.startswith(b"HEAD "))
        ]
        assert not found, "\n".join(found)
        self._check(before)
        return answers

    def attack_with_bytes(self, pieces: Sequence[bytes]) -> list[Answer]:
        """Sends bytes that may be no request at all, and checks all that must hold."""
        before = self._measured()
        answers = throw(self.port, pieces)
        bodiless = b"HEAD " in b"".join(pieces)
        found = [text for answer in answers for text in complaints(answer, bodiless=bodiless)]
        assert not found, f"{found} to {pieces}"
        self._check(before)
        return answers

    @contextmanager
    def attacked(self) -> Iterator[str]:
        """Checks all that must hold after whatever is sent to the address in the meantime."""
        before = self._measured()
        yield f"http://127.0.0.1:{self.port}"
        self._check(before)

    # --- what must hold ---------------------------------------------------------------------------

    def _measured(self) -> tuple[float, int]:
        self._revive()
        usage.forget_peak(self.pid)
        return usage.cpu_seconds(self.pid), usage.memory(self.pid)

    def _check(self, before: tuple[float, int]) -> None:
        """That the server is as good as before, at a reasonable price."""
        self._check_alive()
        seconds = usage.cpu_seconds(self.pid) - before[0]
        assert seconds < MAX_CPU_SECONDS, f"{seconds:.1f} s of processor time"
        peak = usage.peak_memory(self.pid) - before[1]
        assert peak < MAX_PEAK_BYTES, f"{peak >> 20} MB of memory in between"
        self._check_log()

    def check_growth(self) -> None:
        """That the attacks so far have not made the server grow beyond bounds."""
        grown = usage.memory(self.pid) - self._first_memory
        assert grown < MAX_GROWTH_BYTES, f"the server has grown by {grown >> 20} MB"

    def _check_alive(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, f"the server ended: {self._process.returncode}"
        health = ask(self.port, request("GET", "/healthz"))
        assert health.status == 200, health
        deadline = time.monotonic() + SECONDS
        while self._in_flight() > 0:
            assert time.monotonic() < deadline, "a request is still answered, with nobody there"

    def _in_flight(self) -> float:
        """Requests that are being answered."""
        metrics = ask(self.port, request("GET", "/metrics", key=self.key))
        found = _IN_FLIGHT.search(metrics.body)
        assert found, metrics
        return float(found[1])

    def _check_log(self) -> None:
        """That nothing was logged that only a fault of the server's own would bring about."""
        with self._log_path.open("rb") as log:
            log.seek(self._log_read)
            lines = log.read().split(b"\n")
            self._log_read = log.tell() - len(lines[-1])
        for raw in lines[:-1]:
            assert len(raw) < MAX_LOG_LINE, (
                f"{len(raw)} bytes in one line of the log: {raw[:200]!r}"
            )
            line = json.loads(raw)  # a line that is no JSON object comes from a fault as well
            assert "traceback" not in line, f"{line['message']}\n{line['traceback']}"
            assert line.get("status", 0) < 500 or line["status"] == 503, line

    def _check_disk(self) -> None:
        """That the data folder is whole, and that nothing was written anywhere else."""
        assert self._outside() == self._known
        odd = [path for path in self.data.rglob("*") if not _PLAIN_NAME.fullmatch(path.name)]
        assert odd == []
        connection = sqlite3.connect(self.data / "service.sqlite3")
        try:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        finally:
            connection.close()

    def _outside(self) -> set[Path]:
        """Whatever is under the root, except for the data folder's contents."""
        found = {path.relative_to(self.root) for path in self.root.rglob("*")}
        inside = self.data.relative_to(self.root)
        return {path for path in found if inside not in path.parents}

    # --- beginning and ending ---------------------------------------------------------------------

    def _revive(self) -> None:
        """Starts the server again where an earlier attack has ended it, and was told so."""
        if self._process is None or self._process.poll() is not None:
            self._close_pipe()
            self._begin()

    def _end(self) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                raise AssertionError("the server does not end when it is interrupted") from None
            finally:
                self._close_pipe()
        self._close_pipe()

    def _close_pipe(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
