"""What the guard refuses, and what it says."""

from __future__ import annotations

import _socket
import asyncio
import errno
import pickle
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import openai
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.testing.network import Attempt, Guard, NetworkBlockedError

HOST = "api.openai.com"


@pytest.fixture
def guard() -> Iterator[Guard]:
    guard = Guard()
    with guard.watching():
        yield guard


def _udp(address: tuple[str, int]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"", address)


def _message(address: tuple[str, int]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendmsg([b""], [], 0, address)


def _connect(address: tuple[str, int]) -> None:
    with socket.socket() as plain:
        plain.connect(address)


async def _open(address: tuple[str, int]) -> None:
    await asyncio.open_connection(*address)


@pytest.mark.parametrize("reach", [_udp, _message, _connect, socket.create_connection])
@pytest.mark.parametrize("host", [HOST, "192.0.2.1"])
def test_sockets_do_not_leave(guard: Guard, reach: Callable[..., None], host: str) -> None:
    with pytest.raises(NetworkBlockedError, match="no network in tests"):
        reach((host, 443))
    assert guard.attempts == [Attempt(host, 443)]


@pytest.mark.parametrize("host", [HOST, "192.0.2.1"])
def test_event_loops_do_not_leave(guard: Guard, host: str) -> None:
    with pytest.raises(NetworkBlockedError, match="no network in tests"):
        asyncio.run(_open((host, 443)))
    assert guard.attempts == [Attempt(host, 443)]


@pytest.mark.parametrize(
    ("look_up", "port"),
    [
        (lambda: socket.getaddrinfo(HOST, "https"), "https"),
        (lambda: socket.getaddrinfo(host=HOST.encode(), port=b"https"), "https"),
        (lambda: socket.gethostbyname(HOST), None),
        (lambda: socket.gethostbyname_ex(HOST.upper()), None),
        (lambda: socket.gethostbyaddr(HOST), None),
    ],
)
def test_names_are_not_looked_up(guard: Guard, look_up: Callable[[], object], port: object) -> None:
    with pytest.raises(NetworkBlockedError):
        look_up()
    assert guard.attempts == [Attempt(HOST, port)]


def test_addresses_are_not_looked_up(guard: Guard) -> None:
    with pytest.raises(NetworkBlockedError):
        socket.getnameinfo(("192.0.2.1", 80), 0)
    assert guard.attempts == [Attempt("192.0.2.1", 80)]
    numeric = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    assert socket.getnameinfo(("192.0.2.1", 80), numeric) == ("192.0.2.1", "80")


@given(st.ip_addresses())
def test_of_addresses_only_those_of_this_machine_are_free(address) -> None:
    mapped = getattr(address, "ipv4_mapped", None) or address
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    reached: list[object] = []
    guard = Guard()
    with pytest.MonkeyPatch.context() as patch, socket.socket(family) as plain:
        patch.setattr(socket.socket, "connect", lambda sock, where: reached.append(where))
        with guard.watching():
            try:
                plain.connect((str(address), 80))
            except NetworkBlockedError:
                assert guard.attempts == [Attempt(str(address), 80)]
    assert bool(reached) == (mapped.is_loopback or mapped.is_unspecified) != bool(guard.attempts)


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost", "LOCALHOST", b"localhost", None])
def test_this_machine_is_free(guard: Guard, host: object) -> None:
    assert socket.getaddrinfo(host, 80)
    assert guard.attempts == []


def test_its_own_name_is_free(guard: Guard) -> None:
    socket.getfqdn()
    assert guard.attempts == []


def test_numeric_addresses_are_told_apart_without_a_network(guard: Guard) -> None:
    assert socket.getaddrinfo("192.0.2.1", 80)[0][4] == ("192.0.2.1", 80)
    with pytest.raises(NetworkBlockedError):  # it did not become an allowed one
        _connect(("192.0.2.1", 80))


def test_unix_sockets_are_free(guard: Guard, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)  # their paths must be short
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("here")
        server.listen()
        client.connect("here")
    assert guard.attempts == []


def test_errors_of_addresses_are_those_of_python(guard: Guard) -> None:
    with socket.socket() as plain:
        for wrong in [("127.0.0.1",), "127.0.0.1"]:
            with pytest.raises(TypeError):
                plain.connect(wrong)
        with pytest.raises(TypeError):
            plain.connect()


def test_threads_are_watched(guard: Guard) -> None:
    def ask() -> None:
        with pytest.raises(NetworkBlockedError):
            socket.getaddrinfo(HOST, 443)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert guard.attempts == [Attempt(HOST, 443)]


def test_an_allowed_host_and_its_addresses_are_free(monkeypatch: pytest.MonkeyPatch) -> None:
    found = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 443))
    reached: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [found])
    monkeypatch.setattr(socket.socket, "connect", lambda _, where: reached.append(where))
    guard = Guard(["Service.example"])
    with guard.watching():
        socket.create_connection(("service.example", 443)).close()
        with pytest.raises(NetworkBlockedError):
            socket.create_connection(("other.example", 443))
    assert reached == [("192.0.2.7", 443)]
    assert guard.attempts == [Attempt("other.example", 443)]


def test_everything_is_as_before_afterwards() -> None:
    before = {name: getattr(socket, name) for name in dir(socket)}
    methods = dict(vars(socket.socket))
    with Guard().watching():
        assert socket.getaddrinfo is not before["getaddrinfo"]
    assert {name: getattr(socket, name) for name in dir(socket)} == before
    assert dict(vars(socket.socket)) == methods


def _sync() -> None:
    with openai.OpenAI(api_key="sk-none", max_retries=0) as client:
        client.files.list(limit=3)


async def _async() -> None:
    async with openai.AsyncOpenAI(api_key="sk-none", max_retries=0) as client:
        await client.files.list(limit=3)


@pytest.mark.parametrize(
    "ask",
    [
        _sync,
        lambda: asyncio.run(_async()),
        lambda: requests.get(f"https://user:secret@{HOST}/v1/files?limit=3", timeout=1),
        lambda: urlopen(f"https://{HOST}/v1/files?limit=3", timeout=1),
    ],
)
def test_the_request_of_a_client_is_named(
    guard: Guard, ask: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises((OSError, openai.APIConnectionError)):
        ask()
    (attempt,) = guard.attempts
    assert (attempt.host, attempt.port) == (HOST, 443)
    assert attempt.url.removeprefix("GET ") == f"https://{HOST}/v1/files"


def test_the_request_of_another_host_is_not_named(guard: Guard) -> None:
    class Incoming:
        url = "https://testserver/here"
        method = "GET"

    def handle(request: Incoming) -> None:
        socket.getaddrinfo(HOST, 443)

    with pytest.raises(NetworkBlockedError, match=f"{HOST}:443$"):
        handle(Incoming())


def test_the_report_counts_and_says_what_to_do() -> None:
    guard = Guard()
    url = f"GET https://{HOST}/v1/models"
    guard.attempts += [Attempt(HOST, 443, url), Attempt("2001:db8::1", 80), Attempt(HOST, 443, url)]
    assert guard.report().splitlines()[1:] == [
        f"  {HOST}:443 for {url} (2 times)",
        "  [2001:db8::1]:80",
        "Give its code the client of the fixture offline_openai, or the environment of "
        f'offline_openai_url, or allow it: @pytest.mark.allow_hosts("{HOST}", "2001:db8::1")',
    ]


def test_what_is_refused_reads_well_wherever_it_is_shown(guard: Guard) -> None:
    with pytest.raises(NetworkBlockedError) as caught:
        _connect(("192.0.2.1", 443))
    error = caught.value
    assert error.errno == errno.ENETUNREACH
    assert error.strerror == str(error) == "no network in tests: 192.0.2.1:443"
    # as aiohttp's ClientConnectorError is made and shown (client_exceptions.py)
    made = OSError(error.errno, error.strerror)
    shown = f"Cannot connect to host 192.0.2.1:443 ssl:default [{made.strerror}]"
    assert "[no network in tests: 192.0.2.1:443]" in shown
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.errno, str(again)) == (type(error), error.errno, str(error))


def test_functions_taken_before_it_was_up_and_bare_sockets_are_kept_in() -> None:
    look_up = _socket.getaddrinfo  # as "from socket import getaddrinfo" has it
    guard = Guard()
    with guard.watching():
        with pytest.raises(NetworkBlockedError):
            look_up(HOST, 443)
        bare = _socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for reach in (bare.connect, bare.connect_ex):
            with pytest.raises(NetworkBlockedError):
                reach(("192.0.2.1", 443))
        with pytest.raises(NetworkBlockedError):
            bare.sendto(b"", ("192.0.2.1", 443))
        bare.connect(("127.0.0.1", 9))
        bare.close()
    assert guard.attempts == [Attempt(HOST, 443), *[Attempt("192.0.2.1", 443)] * 3]


def test_once_it_is_down_it_refuses_nothing() -> None:
    script = """
        import socket
        from pitchpipe.testing.network import Guard, NetworkBlockedError

        with Guard().watching():
            pass
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            try:
                sender.connect(("192.0.2.1", 443))  # sends nothing
            except NetworkBlockedError:
                raise
            except OSError:
                pass  # a machine without network
        """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)
