from __future__ import annotations

import socket

import pytest

from pitchpipe.testing.network import Attempt, NetworkBlockedError


def test_other_machines_cannot_be_reached(no_network: list[Attempt]) -> None:
    with pytest.raises(NetworkBlockedError, match=r"no network in tests: 192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as plain,
        pytest.raises(NetworkBlockedError, match="no network"),
    ):
        plain.connect_ex(("192.0.2.1", 80))
    with pytest.raises(NetworkBlockedError, match=r"no network in tests: example\.com"):
        socket.getaddrinfo("example.com", 443)
    assert len(no_network) == 3
    no_network.clear()


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("localhost", port)) as client:
            assert client.getpeername()[1] == port
