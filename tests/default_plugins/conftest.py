import contextlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from pitchpipe.records import Contract, PreparedData, Request
from pitchpipe.service.http import Request as Sent
from pitchpipe.service.http import Response
from pitchpipe.service.service import Service

LOST = "lost"  # the connection ends before the service has heard anything
UNANSWERED = "unanswered"  # the service has done it, and the connection ends before the answer


class FlakyServer(ThreadingHTTPServer):
    """The offline service on loopback, behind a bad line.

    ``script(number, request)`` decides the fate of each request, counted from 0: LOST, UNANSWERED,
    a Response to answer with instead, or None for the service's own answer.
    """

    daemon_threads = False  # none may use the service when it is closed

    def __init__(self, service):
        super().__init__(("127.0.0.1", 0), Handler)
        self.service = service
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"
        self.requests = []
        self.script = lambda number, request: None
        self.lock = threading.Lock()
        self.connections = set()

    def process_request(self, request, client_address):
        self.connections.add(request)
        super().process_request(request, client_address)

    def hang_up(self):
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request, client_address):
        pass  # a client that hangs up

    def count(self, method, path):
        return sum(r.method == method and r.path == f"/v1{path}" for r in self.requests)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        request = Sent.of(self.command, self.path, self.headers.items(), body)
        with self.server.lock:
            number = len(self.server.requests)
            self.server.requests.append(request)
        fate = self.server.script(number, request)
        response = fate
        if fate in (None, UNANSWERED):
            response = self.server.service.handle(request)
        if fate in (LOST, UNANSWERED):
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    do_GET = do_POST = answer  # noqa: N815 - http.server's names

    def log_message(self, *args):
        pass


@pytest.fixture
def service():
    made = Service(clock=lambda: 1_700_000_000)
    yield made
    made.close()


@pytest.fixture
def server(service, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k" * 20)
    made = FlakyServer(service)
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.hang_up()
    made.server_close()


@pytest.fixture
def faults():
    """The fates a script can name, and how to make an answer."""

    def answer(status, value, **headers):
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return Response(
            status, {"content-type": "application/json", **named}, json.dumps(value).encode()
        )

    def refusal(status, message, code=None, param=None, **headers):
        body = {"error": {"message": message, "type": "t", "param": param, "code": code}}
        return answer(status, body, **headers)

    return SimpleNamespace(LOST=LOST, UNANSWERED=UNANSWERED, answer=answer, refusal=refusal)


SEPARATOR = "\n\n###\n\n"
WORDS = {"pos": "good fine great lovely", "neg": "bad poor awful dreary"}


def record(number):
    label = ("pos", "neg")[number % 2]
    words = WORDS[label].split()
    text = f"a {words[number % 4]} film, {words[(number // 4) % 4]} and number {number}"
    return {"prompt": text + SEPARATOR, "completion": f" {label}\n"}


@pytest.fixture
def records():
    return [record(number) for number in range(40)]


@pytest.fixture
def contract():
    options = {"separator": SEPARATOR}
    return Contract("completion", "completion", options, ("neg", "pos"), ("\n",), 4)


@pytest.fixture
def prepared(tmp_path, records, contract):
    train, valid = tmp_path / "train.jsonl", tmp_path / "valid.jsonl"
    train.write_text("".join(json.dumps(row) + "\n" for row in records[:32]))
    valid.write_text("".join(json.dumps(row) + "\n" for row in records[32:]))
    return PreparedData(train, valid, 32, 8, contract)


@pytest.fixture
def requests_(records):
    return [
        Request(
            "completions",
            {"prompt": row["prompt"], "temperature": 0, "logprobs": 5, "stop": ["\n"]},
        )
        for row in records
    ]


class Crash(BaseException):
    """The process dies here."""


class DictLedger:
    """A ledger in memory; with ``crash_at`` the process dies at that call.

    Every call counts twice: once before it is on disk, and once after.
    """

    def __init__(self, entries=None, crash_at=None):
        self.entries = {"intend": {}, "done": {}} if entries is None else entries
        self.left = crash_at

    def outcome(self, step):
        self._live()
        return self.entries["done"].get(step)

    def intend(self, step, detail):
        self._live()
        first = self.entries["intend"].setdefault(step, json.loads(json.dumps(detail)))
        self._live()
        return first

    def done(self, step, outcome):
        self._live()
        self.entries["done"][step] = json.loads(json.dumps(outcome))
        self._live()

    def _live(self):
        if self.left is not None:
            if self.left == 0:
                raise Crash
            self.left -= 1


@pytest.fixture
def ledger():
    """Makes ledgers: over the same entries they are one that survived a crash."""
    return DictLedger


@pytest.fixture
def crash():
    return Crash
