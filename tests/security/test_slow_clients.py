"""Clients that send or read slowly, or without end, are let go of; others need not wait."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import openai
import pytest

from pitchpipe.service.http import Response
from pitchpipe.service.server import protocols
from pitchpipe.service.server.limits import Limits
from pitchpipe.service.server.loopback import serve
from pitchpipe.service.service import Service
from raw_http import RawClient, reader_of

QUICK = Limits(
    head_seconds=0.4,
    body_seconds=0.4,
    body_bytes=10_000,
    idle_seconds=0.4,
    stall_seconds=0.4,
    linger_seconds=0.4,
)
POST = (
    b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\n"
)


@pytest.fixture(params=["h11", "httptools"], autouse=True)
def reader(request, monkeypatch):
    monkeypatch.setattr(protocols, "AutoHTTPProtocol", reader_of(request.param))


@pytest.fixture
def service():
    service = Service(pace="immediate")
    yield service
    service.close()


def status_of(answer):
    """The status of the only answer in what a server sent before it closed; 0 for nothing."""
    assert answer.count(b"HTTP/1.1 ") <= 1
    return int(answer.split()[1]) if answer else 0


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b""),
        (b"G", b""),
        (b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX: ", b""),
        (b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX: ", b"x"),
        (b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n", b"X: y\r\n"),
        (b"GET /", b"x"),
    ],
)
def test_a_head_that_does_not_end_is_answered_408(service, start, piece):
    with serve(service, limits=QUICK) as url, RawClient(url) as client:
        client.send(start)
        answer = client.send_slowly_until_closed(piece) if piece else client.read_to_end()
        assert status_of(answer) == (408 if start else 0)
        if start:
            assert b'"code":"request_timeout"' in answer


def test_the_head_of_a_second_request_has_as_long(service):
    with serve(service, limits=QUICK) as url, RawClient(url) as client:
        assert client.get("/v1/models")[0] == 200
        client.send(b"GET /v1/mod")
        assert status_of(client.read_to_end()) == 408
    with serve(service, limits=QUICK) as url, RawClient(url) as client:
        assert client.get("/v1/models")[0] == 200
        assert client.read_to_end() == b""  # idle: closed without a word


@pytest.mark.parametrize(
    ("framing", "piece"),
    [
        (b"Content-Length: 1000000\r\n\r\n", b""),
        (b"Content-Length: 1000000\r\n\r\n", b"x"),
        (b"Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n", b""),
        (b"Transfer-Encoding: chunked\r\n\r\n", b""),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", b"x"),
        (b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),
        (b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    ],
)
def test_a_body_that_does_not_come_is_answered_408(service, framing, piece):
    with serve(service, limits=QUICK) as url, RawClient(url) as client:
        client.send(POST + framing)
        answer = client.send_slowly_until_closed(piece) if piece else client.read_to_end()
        assert status_of(answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")) == 408


def test_a_body_that_comes_steadily_may_take_longer_than_one_limit(service):
    limits = Limits(body_seconds=0.2, body_bytes=1, linger_seconds=0.2)
    with serve(service, limits=limits) as url, RawClient(url) as client:
        pieces = 40
        body = b'{"filename":"x","purpose":"fine-tune","bytes":5,"mime_type":"x"}'
        client.send(b"POST /v1/uploads HTTP/1.1\r\nHost: localhost\r\n")
        client.send(b"Content-Length: %d\r\n\r\n" % (pieces + len(body)))
        client.socket.settimeout(0.02)
        for _ in range(pieces):
            client.send(b" ")
            with contextlib.suppress(TimeoutError):
                assert client.socket.recv(1)
        client.socket.settimeout(60)
        client.send(body)
        assert client.answer()[0] == 200


def test_what_is_sent_behind_a_refusal_is_thrown_away_for_a_while_only(service):
    with serve(service, limits=QUICK, most_upload=10) as url, RawClient(url) as client:
        client.send(POST + b"Content-Length: 100000000\r\n\r\n")
        assert client.answer()[0] == 413
        assert client.send_slowly_until_closed() == b""


class Answering:
    """A service that answers with more than a client reads."""

    def __init__(self, service, answer):
        self._service = service
        self.handle = lambda *_: answer()

    def __getattr__(self, name):
        return getattr(self._service, name)


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc")
def test_an_answer_that_nobody_reads_is_not_held(service, monkeypatch):
    made = []

    def pieces():
        for _ in range(2000):
            made.append(1)
            yield b"x" * 100_000

    stream = Answering(service, lambda: Response(200, {}, pieces()))
    with serve(stream, limits=QUICK) as url, RawClient(url, buffer=4096) as client:
        client.send(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n")
        other = RawClient(url)
        with other:
            while other.get("/metrics")[2].decode().find("requests_in_flight 1.0") > 0:
                pass
    assert 0 < len(made) < 200


def test_the_end_of_an_answer_that_nobody_reads_is_not_held_either(service):
    whole = b"x" * 50_000_000
    with (
        serve(Answering(service, lambda: Response(200, {}, whole)), limits=QUICK) as url,
        RawClient(url, buffer=4096) as client,
        RawClient(url) as other,
    ):
        client.send(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while other.get("/metrics")[2].decode().find("requests_in_flight 1.0") > 0:
            pass
        assert len(client.read_to_end()) < len(whole) / 2
        with RawClient(url) as reading:
            assert reading.get("/v1/models")[2] == whole


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


HEAD = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "statuses"),
    [
        (b"GET /" + b"x" * 200_000, (431,)),
        (b"x" * 200_000, (400, 431)),
        (HEAD + b"X: " + b"x" * 200_000, (431,)),
        (HEAD + b"x" * 200_000 + b": y", (431,)),
        (HEAD + b"a:\r\n" * 1_000_000, (431,)),
        (HEAD + b"Authorization: Bearer " + b"\xff" * 200_000, (431,)),
        (b"x" * 70_000 + b" / HTTP/1.1\r\nHost: localhost\r\n\r\n", (400, 404, 431)),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 100 + b"\r\n", (400,)),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 2_000_000, (400, 413, 431)),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 500_000, (400, 431)),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"x" * 2_000_000, (400, 431)),
        (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", (400,)),
        (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400,)),
        (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", (400,)),
        (POST + b"Content-Length: -3\r\n\r\n", (400,)),
        (POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", (400, 413)),
        (POST + b"Content-Length: 999999999999\r\nExpect: 100-continue\r\n\r\n", (413,)),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", (400, 501)),
        (POST + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00", (415,)),
        (POST + b"Content-Encoding: br, gzip\r\nContent-Length: 1\r\n\r\nx", (415,)),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400,)),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20, (400,)),
        (b"\x00" * 1000 + b"\r\n\r\n", (400,)),
    ],
)
def test_requests_without_bounds_are_refused(service, request_bytes, statuses):
    limits = Limits(linger_seconds=0.4)
    with serve(service, limits=limits) as url, RawClient(url) as client:
        client.send(request_bytes)
        status, headers, _ = client.answer()
        assert status in statuses
        if headers.get("connection") == "close":
            client.read_to_end()
        with openai.OpenAI(api_key="k", base_url=url) as other:
            assert other.models.list().data


def test_pipelined_requests_are_answered_in_order_or_refused_when_they_are_too_many(service):
    line = b"GET /v1/models/%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with serve(service) as url, RawClient(url) as client:
        client.send(b"".join(line % number for number in range(10)))
        for number in range(10):
            status, _, answer = client.answer()
            assert (status, str(number) in answer["error"]["message"]) == (404, True)
    with serve(service) as url, RawClient(url) as client:
        for _ in range(20):
            if not client.send(b"".join(line % number for number in range(2000))):
                break
        with contextlib.suppress(OSError):  # closed by the server
            client.socket.shutdown(1)
        client.read_to_end()
        with RawClient(url) as other:
            assert other.get("/healthz")[0] == 200


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc")
def test_a_body_that_is_on_its_way_lies_in_a_file(service):
    size = 30_000_000
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(serve(service))
        before = resident()
        for _ in range(10):
            client = stack.enter_context(RawClient(url))
            client.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n")
            client.send(b"Content-Length: %d\r\n\r\n" % (size + 1))
            client.send(b" " * size)
        assert resident() - before < 10 * size / 3
