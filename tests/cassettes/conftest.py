import importlib.util
import socket
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def cassettes():
    """The folder of the recordings."""
    return HERE.parents[1] / "cassettes"


def load(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def flows():
    """What the recordings hold."""
    return load("flows")


@pytest.fixture(scope="session")
def record(flows):
    """The script that records them."""
    return load("record")


@pytest.fixture
def no_sockets(monkeypatch):
    """Refuses every connection, to this machine as well."""

    def refuse(*args):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
