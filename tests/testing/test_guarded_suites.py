"""Suites whose tests reach for the network."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

Suite = Callable[..., pytest.RunResult]

REACHING = """
    import contextlib, socket, threading, unittest
    import pytest

    def reach(host="192.0.2.1"):
        with contextlib.suppress(OSError):
            socket.create_connection((host, 443))

    @pytest.mark.no_network
    def test_marked():
        reach()

    @pytest.mark.no_network
    class TestMarked(unittest.TestCase):
        def test_method(self):
            reach()

    @pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.no_network)])
    def test_one_of(n):
        if n == 2:
            threading.Thread(target=reach).run()

    @pytest.fixture
    def eager():
        reach()

    @pytest.mark.no_network
    def test_fixture(eager):
        pass

    def test_service(offline_service):
        reach()

    @pytest.mark.no_network
    def test_forgiven(no_network):
        reach()
        no_network.clear()

    @pytest.mark.no_network
    def test_silent():
        pass
    """


def test_a_swallowed_refusal_fails_the_test(suite: Suite) -> None:
    result = suite(REACHING)
    # the tests themselves pass: they caught it
    result.assert_outcomes(passed=8, errors=5)
    names = set(re.findall(r"ERROR [^:]+::(\S+) - ", result.stdout.str()))
    assert names == {
        "test_marked",
        "TestMarked::test_method",
        "test_one_of[2]",
        "test_fixture",
        "test_service",
    }
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_marked*",
            "The test reached for the network, and was refused:",
            "  192.0.2.1:443",
            '*@pytest.mark.allow_hosts("192.0.2.1")',
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


UNMARKED = """
    import contextlib, socket
    import pytest

    def test_reaching():
        with contextlib.suppress(OSError):
            socket.getaddrinfo("service.example", 443)
    """


@pytest.mark.parametrize(
    ("ini", "flags"), [("no_network = true", ()), ("", ("--no-network",))], ids=["ini", "flag"]
)
def test_all_tests_can_be_guarded(
    suite: Suite, pytester: pytest.Pytester, ini: str, flags: tuple[str, ...]
) -> None:
    pytester.makeini(f"[pytest]\n{ini}")
    result = suite(UNMARKED, "--strict-markers", "--strict-config", *flags)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["  service.example:443"])


def test_the_real_service_is_refused_and_named(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    result = suite(
        """
        import openai
        import pytest

        @pytest.mark.no_network
        def test_forgotten():
            client = openai.OpenAI(api_key="none", max_retries=0)
            try:
                client.fine_tuning.jobs.create(model="babbage-002", training_file="file-1")
            finally:
                client.close()
        """
    )
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["  api.openai.com:443 for POST https://api.openai.com/v1/fine_tuning/jobs"]
    )


def test_a_host_is_allowed_by_a_marker(suite: Suite) -> None:
    result = suite(
        """
        import socket
        import pytest

        @pytest.fixture
        def fake(monkeypatch):
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [])

        @pytest.fixture
        def guarded(fake, no_network):
            return no_network

        @pytest.mark.allow_hosts("a.example", "b.example")
        class TestAllowed:
            @pytest.mark.allow_hosts("c.example")
            def test_here(self, guarded):
                for name in "abc":
                    assert socket.getaddrinfo(f"{name}.example", 443) == []

            def test_elsewhere(self, guarded):
                with pytest.raises(OSError):
                    socket.getaddrinfo("c.example", 443)
                assert [attempt.host for attempt in guarded] == ["c.example"]
                guarded.clear()

        @pytest.mark.allow_hosts(["a.example"])
        def test_wrongly(no_network):
            pass
        """
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["allow_hosts takes hosts, each in quotes; found *'a.example'*"])


def test_fixtures_of_that_name_do_not_replace_the_guard(suite: Suite) -> None:
    result = suite(
        """
        import contextlib, socket
        import pytest

        @pytest.fixture
        def no_network():
            return "ours"

        @pytest.mark.no_network
        def test_marked(no_network):
            assert no_network == "ours"
            with contextlib.suppress(OSError):
                socket.getaddrinfo("service.example", 443)
        """
    )
    result.assert_outcomes(passed=1, errors=1)
