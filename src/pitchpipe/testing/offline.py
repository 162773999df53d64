"""The fine-tuning API for one test: a service of its own, and clients of it."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import openai

    from pitchpipe.service.control.control import Control
    from pitchpipe.service.service import Service
    from pitchpipe.testing.network import Attempt

_KEY = "offline"
_MARKER = (
    "offline_openai(pace, seed, learner, clock, lasting, data_dir): "
    "how the offline service of the test is set up."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the ini keys."""
    parser.addini("offline_openai_pace", "What moves jobs and batches on; see offline_openai.")
    parser.addini("offline_openai_seed", "Of the offline service's ids and choices.")
    parser.addini("offline_openai_learner", "The name of the learner that offline jobs train.")


def pytest_configure(config: pytest.Config) -> None:
    """Describes the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def offline_service(
    request: pytest.FixtureRequest,
    _pitchpipe_guard: list[Attempt],
) -> Iterator[Service]:
    """The service that this test's clients speak to; the marker offline_openai sets it up."""
    from pitchpipe.errors import UsageError
    from pitchpipe.testing.options import service_for

    try:
        service = service_for(request)
    except UsageError as error:
        pytest.fail(f"offline_openai: {error}", pytrace=False)
    yield service
    service.close()


@pytest.fixture
def offline_control(offline_service: Service) -> Control:
    """Faults, time, state, the requests of this test's clients and how they behaved."""
    return offline_service.control


@pytest.fixture
def offline_openai(offline_service: Service) -> Iterator[openai.OpenAI]:
    """An openai.OpenAI whose requests are answered in this process, without a socket."""
    import openai

    from pitchpipe.service.transports import BASE_URL, openai_http_client

    with openai.OpenAI(
        api_key=_KEY, base_url=BASE_URL, http_client=openai_http_client(offline_service)
    ) as client:
        yield client


@pytest.fixture
def async_offline_openai(offline_service: Service) -> Iterator[openai.AsyncOpenAI]:
    """The same as an openai.AsyncOpenAI, for whichever event loop the test runs."""
    import openai

    from pitchpipe.service.transports import BASE_URL, openai_async_http_client

    client = openai.AsyncOpenAI(
        api_key=_KEY, base_url=BASE_URL, http_client=openai_async_http_client(offline_service)
    )
    yield client
    _complete(client.close())


@pytest.fixture
def offline_openai_url(offline_service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The base URL of the API on loopback; clients that are given none find it by themselves."""
    import os

    from pitchpipe.service.server.loopback import serve

    with serve(offline_service) as url:
        for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE"):  # the second is that of 2023
            monkeypatch.setenv(name, url)
        monkeypatch.setenv("OPENAI_API_KEY", _KEY)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, ",".join(filter(None, [os.environ.get(name), "127.0.0.1"])))
        # openai.files and the like share one client, which keeps the URL it began with
        monkeypatch.setattr("openai._client", None, raising=False)
        yield url


def _complete(closing: Coroutine[Any, Any, None]) -> None:
    """Runs what has nothing to wait for, and so needs no event loop."""
    try:
        closing.send(None)
    except StopIteration:
        return
    raise RuntimeError("a client without a socket waits while it closes")
