"""Services on a data folder: in this process, and in one of their own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pitchpipe.service.http import Request, Response
from pitchpipe.service.service import Service

RECORDS = "".join(
    f'{{"prompt": "a film, part {n} ->", "completion": " {("pos", "neg")[n % 2]}"}}\n'
    for n in range(40)
).encode()
"""Training records."""

MODEL = "babbage-002"
_PAUSE = threading.Event()
PATIENCE_SECONDS = 120.0
"""After which what should happen is said not to."""


def until(what: Callable[[], Any]) -> Any:
    """What a call gives as soon as that is true."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if found := what():
            return found
        _PAUSE.wait(0.05)  # whatever is waited for needs the processor
    raise AssertionError("it does not happen")


def form(content: bytes, purpose: str = "fine-tune") -> tuple[dict[str, str], bytes]:
    """Headers and body of an upload."""
    part = b'--b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
    body = part % (b"purpose", b"", purpose.encode())
    body += part % (b"file", b';filename="f.jsonl"', content) + b"--b--\r\n"
    return {"content-type": "multipart/form-data; boundary=b"}, body


def part_form(content: bytes) -> tuple[dict[str, str], bytes]:
    """Headers and body of a part of an upload."""
    part = b'--b\r\nContent-Disposition: form-data; name="data";filename="p"\r\n\r\n%b\r\n--b--\r\n'
    return {"content-type": "multipart/form-data; boundary=b"}, part % content


class Caller:
    """Asks a service in this process."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        return self.service.handle(
            Request.of(method, f"/v1/{path}", (headers or {}).items(), content)
        )

    def call(self, method: str, path: str, body: Any = None) -> Any:
        return told(self.ask(method, path, body))

    def upload(self, content: bytes = RECORDS) -> Response:
        headers, body = form(content)
        return self.ask("POST", "files", body, headers)

    def add_part(self, upload_id: str, content: bytes) -> Response:
        headers, body = part_form(content)
        return self.ask("POST", f"uploads/{upload_id}/parts", body, headers)

    def create_job(self, **options: Any) -> str:
        """The id of a new job."""
        hyperparameters = {"n_epochs": 2, "batch_size": 4}
        order = {
            "model": MODEL,
            "training_file": told(self.upload())["id"],
            "hyperparameters": hyperparameters,
        }
        return str(self.call("POST", "fine_tuning/jobs", order | options)["id"])

    def job(self, job_id: str) -> Any:
        return self.call("GET", f"fine_tuning/jobs/{job_id}")


def told(response: Response) -> Any:
    """The JSON of an answer."""
    assert isinstance(response.body, bytes)
    return json.loads(response.body)


@contextlib.contextmanager
def calling(folder: Path | None, **options: Any) -> Iterator[Caller]:
    """A service that moves jobs on by order alone."""
    with contextlib.closing(Service(folder, **{"pace": "manual"} | options)) as service:
        yield Caller(service)


class Server:
    """``pitchpipe serve`` in a process of its own."""

    def __init__(
        self, folder: Path, *flags: str, umask: int = -1, largest_file: int | None = None
    ) -> None:
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - a pipe, unread, would stop it
        words = ["serve", "--port", "0", "--json", "--data-dir", str(folder), *flags]
        limit = [] if largest_file is None else ["prlimit", f"--fsize={largest_file}"]
        self.process = subprocess.Popen(
            [*limit, sys.executable, "-m", "pitchpipe", *words],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            umask=umask,
        )
        self._said = ""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.end()
        self.url = json.loads(line)["url"]

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = 60.0,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of an answer; the path is one behind the server's address."""
        root = self.url.removesuffix("/v1")
        asked = urllib.request.Request(root + path, body, dict(headers or {}), method=method)
        try:
            with urllib.request.urlopen(asked, timeout=seconds) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read()

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The JSON of an answer."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        return json.loads(self.request(method, f"/v1/{path}", content, headers, **options)[2])

    def upload(self, content: bytes = RECORDS) -> str:
        headers, body = form(content)
        return str(json.loads(self.request("POST", "/v1/files", body, headers)[2])["id"])

    @property
    def workers(self) -> list[int]:
        """Process ids of those that train; Linux only."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for task in tasks for pid in task.read_text().split()]

    def end(self, how: int = signal.SIGKILL) -> tuple[int, str]:
        """Ends it; gives its exit code and its log."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        if not self._log.closed:
            self.process.communicate()
            self._log.seek(0)
            with self._log:
                self._said = self._log.read()
        return self.process.returncode, self._said


@contextlib.contextmanager
def serving(folder: Path, *flags: str, **options: Any) -> Iterator[Server]:
    """A server in a process of its own, gone after the block."""
    server = Server(folder, *flags, **options)
    try:
        yield server
    finally:
        server.end()


@contextlib.contextmanager
def locked(database: Path, how: str = "IMMEDIATE") -> Iterator[None]:
    """Holds the lock for writing, in a process of its own, as another program would."""
    code = (
        "import sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        f"c.execute('BEGIN {how}')\n"
        "print('locked', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        yield
        process.kill()


def is_sound(database: Path) -> bool:
    """Whether SQLite finds nothing wrong with a database."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def modes(folder: Path) -> dict[str, int]:
    """The permissions of a folder and of all that is in it."""
    return {str(path): path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*"))}


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """In the block this process is a user whom permissions stop; root is not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
