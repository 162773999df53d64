"""Which tests may not leave this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pitchpipe.testing.network import Attempt

_MARKERS = (
    "no_network: the test fails if it reaches for another machine.",
    'allow_hosts("HOST", ...): hosts that a test without network may reach all the same.',
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds ``--no-network`` and the ini key of that name."""
    text = "No test may reach another machine, unless it bears the marker allow_hosts."
    group = parser.getgroup("pitchpipe", "tests without a network")
    group.addoption("--no-network", action="store_true", help=text)
    parser.addini("no_network", text, type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Describes the markers."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Has the tests that are to be guarded use the guard, before all other fixtures."""
    all_of_them = config.getoption("no_network") or config.getini("no_network")
    for item in items:
        names = getattr(item, "fixturenames", None)  # None: no test of Python's
        if names is not None and (all_of_them or item.get_closest_marker("no_network")):
            # not into that list: other tests may have the same one
            item.fixturenames = ["_pitchpipe_guard", *names]  # type: ignore[attr-defined]  # see above


@pytest.fixture
def _pitchpipe_guard(request: pytest.FixtureRequest) -> Iterator[list[Attempt]]:
    """The guard itself, under a name that no other suite has for a fixture of its own."""
    from pitchpipe.testing.network import Guard

    markers = request.node.iter_markers("allow_hosts")
    hosts = [host for marker in markers for host in marker.args]
    for host in hosts:
        if not isinstance(host, str):
            pytest.fail(f"allow_hosts takes hosts, each in quotes; found {host!r}.", pytrace=False)
    guard = Guard(hosts)
    with guard.watching():
        yield guard.attempts
    if guard.attempts:
        pytest.fail(guard.report(), pytrace=False)


@pytest.fixture
def no_network(_pitchpipe_guard: list[Attempt]) -> list[Attempt]:
    """Fails a test that tried to reach another machine, even if it caught the refusal.

    Returns:
        What was refused so far; a test that wants it so clears the list.
    """
    return _pitchpipe_guard
