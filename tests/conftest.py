"""What every test has: no network, the contract kept, examples that do not depend on the clock."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from contract.watching import watching

# by name as well: an editable installation may be older than the entry point
pytest_plugins = ["pytester", "pitchpipe.testing.pytest_plugin"]

settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(scope="session", autouse=True)
def _control_c() -> None:
    # a shell's background jobs ignore Ctrl-C, and so would every process that the tests start
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
