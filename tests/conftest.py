"""What every test has: no network, the contract kept, examples that do not depend on the clock."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from contract.watching import watching

settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


class NetworkBlockedError(RuntimeError):
    """A test tried to leave this machine."""


def _stays_here(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else str(host or "")
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name in {"", "localhost"}


@pytest.fixture(scope="session", autouse=True)
def _control_c() -> None:
    # a shell's background jobs ignore Ctrl-C, and so would every process that the tests start
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def _departures() -> Iterator[list[str]]:
    attempts: list[str] = []

    def refuse(host: object) -> None:
        attempts.append(str(host))
        raise NetworkBlockedError(f"no network in tests: {host}")

    def guarded(plain: Any) -> Any:
        def connect(self: socket.socket, address: Any) -> Any:
            if self.family in {socket.AF_INET, socket.AF_INET6} and not _stays_here(address[0]):
                refuse(address[0])
            return plain(self, address)

        return connect

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _stays_here(host):
            refuse(host)
        return getaddrinfo(host, *args, **kwargs)

    getaddrinfo = socket.getaddrinfo
    with pytest.MonkeyPatch.context() as patch:
        for method in ("connect", "connect_ex"):
            patch.setattr(socket.socket, method, guarded(getattr(socket.socket, method)))
        patch.setattr(socket, "getaddrinfo", look_up)
        yield attempts


@pytest.fixture(autouse=True)
def no_network(_departures: list[str]) -> Iterator[list[str]]:
    """Fails a test that tried to reach another machine, even if it caught the refusal."""
    _departures.clear()
    yield _departures
    assert not _departures, f"the test tried to reach {', '.join(_departures)}"


@pytest.fixture(scope="session")
def _complaints() -> Iterator[list[str]]:
    with watching() as complaints:
        yield complaints


@pytest.fixture(autouse=True)
def contract_kept(_complaints: list[str]) -> Iterator[list[str]]:
    """Fails a test in which a service answered otherwise than the API's contract says."""
    yield _complaints
    found = list(dict.fromkeys(_complaints))
    _complaints.clear()
    assert not found, "answers against the contract:\n" + "\n".join(found[:10])
