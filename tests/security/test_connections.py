"""Many clients cannot shut others out, nor fill the log."""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import threading
import time
from importlib.util import find_spec

import openai
import pytest

from pitchpipe.errors import UsageError
from pitchpipe.service.http import Response, Wait
from pitchpipe.service.server import limits, protocols, repeats
from pitchpipe.service.server.connections import log
from pitchpipe.service.server.limits import Limits
from pitchpipe.service.server.loopback import serve
from pitchpipe.service.server.repeats import RepeatFilter
from pitchpipe.service.service import Service
from raw_http import DEADLINE_SECONDS, RawClient, reader_of

HALF = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX: "
WHOLE = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
FEW = Limits(connections=8)


@pytest.fixture(params=["h11", "httptools"])
def reader(request, monkeypatch):
    monkeypatch.setattr(protocols, "AutoHTTPProtocol", reader_of(request.param))


@pytest.fixture(autouse=True)
def no_repeats_yet(monkeypatch):
    monkeypatch.setattr(log, "filters", [RepeatFilter()])


@pytest.fixture
def service():
    service = Service(pace="immediate")
    yield service
    service.close()


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("start", [b"", HALF, WHOLE], ids=["nothing", "half", "idle"])
def test_those_that_wait_longest_give_way(service, start):
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(serve(service, limits=FEW))
        held = []
        for _ in range(100):
            client = stack.enter_context(RawClient(url))
            client.send(start)
            if start == WHOLE:
                assert client.answer()[0] == 200
            held.append(client)
            if not len(held) % 10:
                with RawClient(url) as other:
                    assert other.get("/healthz")[0] == 200
                with RawClient(url) as other:
                    assert other.get("/v1/models")[0] == 200
        ends = [client.read_to_end() for client in held[:80]]
    if start == HALF:
        assert all(b" 503 " in end and b"retry-after: 1" in end for end in ends if end)
        assert any(ends)
    else:
        assert set(ends) == {b""}


class Streaming:
    """A service whose answers go on until it is told to end them."""

    def __init__(self, service):
        self._service = service
        self.ended = threading.Event()

    def handle(self, *_):
        return Response(200, {}, self._pieces())

    def _pieces(self):
        yield b"a"
        while not self.ended.is_set():
            yield Wait(0.01)

    def __getattr__(self, name):
        return getattr(self._service, name)


@pytest.mark.usefixtures("reader")
def test_when_all_are_busy_others_are_told_and_health_is_answered(service, caplog):
    busy = Streaming(service)
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(serve(busy, limits=FEW))
        stack.callback(busy.ended.set)
        held = [stack.enter_context(RawClient(url)) for _ in range(8)]
        for client in held:
            client.send(WHOLE)
            assert client.socket.recv(1)
        for _ in range(50):
            with RawClient(url) as other:
                status, headers, answer = other.get("/v1/models")
                assert (status, headers["retry-after"], headers["connection"]) == (
                    503,
                    "1",
                    "close",
                )
                assert answer["error"]["code"] == "too_many_connections"
                assert other.read_to_end() == b""
            with RawClient(url) as other:
                assert other.get("/healthz")[0] == 200
        silent = [stack.enter_context(RawClient(url)) for _ in range(60)]
        with RawClient(url) as other:
            assert other.get("/healthz")[0] == 200
        assert silent[0].read_to_end() == b""
    told = [record.getMessage() for record in caplog.records if record.name == log.name]
    assert told
    assert len(told) < 12


@pytest.mark.usefixtures("reader")
def test_a_client_that_was_told_to_wait_is_answered_once_there_is_room(service):
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(serve(service, limits=Limits(connections=1)))
        client = stack.enter_context(openai.OpenAI(api_key="k", base_url=url, max_retries=5))
        for _ in range(3):
            stack.enter_context(RawClient(url)).send(HALF)
        assert client.models.list().data


SERVER = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
sys.argv[1:] = ["serve", "--port", "0", "--json", "--log-level", "warning", *sys.argv[3:]]
from pitchpipe.cli import main
sys.exit(main())
"""


@contextlib.contextmanager
def started(noise, soft, hard):
    words = [sys.executable, "-c", SERVER, str(soft), str(hard)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=noise, text=True) as server:
        try:
            yield server
        finally:
            server.kill()


def told_url(server):
    return json.loads(server.stdout.readline())["url"]


@pytest.mark.skipif(sys.platform != "linux", reason="counts open files as Linux does")
@pytest.mark.parametrize(("soft", "hard"), [(128, 128), (256, 256), (256, 512)])
def test_more_clients_than_open_files_fill_neither_the_server_nor_its_log(soft, hard, tmp_path):
    with contextlib.ExitStack() as stack:
        noise = stack.enter_context((tmp_path / "log").open("w+"))
        server = stack.enter_context(started(noise, soft, hard))
        url = told_url(server)
        for _ in range(600):
            stack.enter_context(RawClient(url)).send(HALF)
        for path in ("/healthz", "/v1/models"):
            with RawClient(url) as client:
                assert client.get(path)[0] == 200
        server.terminate()
        assert server.wait(60) == 0
        noise.seek(0)
        lines = noise.read().splitlines()
    assert 0 < len(lines) < 20
    assert not any("out of system resource" in line for line in lines)


def test_the_limit_goes_by_the_open_files(monkeypatch):
    for files, expected in (
        (None, 1000),
        ((1024, 4096), 384),
        ((100, 100), 25),
        ((10**6, 10**6), 1000),
    ):
        monkeypatch.setattr(limits, "_file_limits", lambda files=files: files)
        assert limits.affordable_connections() == expected
        assert Limits().max_connections == expected
    assert Limits(connections=7).max_connections == 7
    monkeypatch.setattr(limits, "_file_limits", lambda: (256, 4096))
    with pytest.raises(
        UsageError, match=r"--max-connections: 5000 .* Pass at most 1920\."
    ) as refused:
        limits.raise_file_limit(5000)
    assert "10256 open files" in str(refused.value)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("times", [300])
def test_what_is_no_http_is_told_a_few_times(service, times, caplog):
    with serve(service) as url:
        for _ in range(times):
            with RawClient(url) as client:
                client.send(b"nonsense\r\n\r\n")
                assert client.answer()[0] == 400
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert 0 < len(told) < 8


def test_an_upgrade_that_is_not_spoken_is_no_news(service, caplog):
    with serve(service) as url:
        for _ in range(3):
            with RawClient(url) as client:
                lines = ("Connection: Upgrade", "Upgrade: websocket")
                assert client.get("/v1/models", *lines)[0] == 200
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_repeated_warning_is_counted():
    now = [1000.0]
    counting = RepeatFilter(lambda: now[0])

    def passes(message, *words, level=logging.WARNING):
        record = logging.LogRecord("x", level, "f.py", 1, message, words, None)
        return record.getMessage() if counting.filter(record) else None

    told = [passes("full: %d", number) for number in range(1000)]
    assert [text for text in told if text] == [
        "full: 0",
        "full: 9 (10 times so far)",
        "full: 99 (100 times so far)",
        "full: 999 (1,000 times so far)",
    ]
    assert passes("other") == "other"
    for _ in range(5):
        now[0] += 20
        told.append(passes("full: %d", 1))
    assert [text for text in told[1000:] if text] == ["full: 1 (1,003 times so far)"]
    now[0] += repeats._QUIET_SECONDS + 1
    assert passes("full: %d", 2) == "full: 2"
    assert all(passes("error", level=logging.ERROR) for _ in range(5))


def healthy_in_the_end(url):
    """Whether health is answered before long: without files, a loop closes what it cannot keep."""
    end = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < end:
        with RawClient(url) as client, contextlib.suppress(OSError, AssertionError):
            return client.get("/healthz")[0] == 200
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="takes files from another process")
def test_a_server_out_of_files_makes_room(tmp_path):
    import resource

    with contextlib.ExitStack() as stack:
        noise = stack.enter_context((tmp_path / "log").open("w+"))
        server = stack.enter_context(started(noise, 1024, 1024))
        url = told_url(server)
        with RawClient(url) as client:
            assert client.get("/healthz")[0] == 200
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (60, 60))
        for _ in range(150):
            stack.enter_context(RawClient(url)).send(HALF)
        assert healthy_in_the_end(url)
        server.terminate()
        assert server.wait(60) == 0
        noise.seek(0)
        lines = noise.read().splitlines()
    assert len(lines) < 20
    if find_spec("uvloop") is None:  # which closes new connections without a word
        assert any("may open no more files" in line for line in lines)
