"""A service whose time, like that of its client, passes only by waiting."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from pitchpipe.service.engine.clock import ManualClock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    """Whoever sleeps, the openai client included, moves it on."""
    clock = ManualClock()
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock


@pytest.fixture
def lab(make_lab: Callable[..., Any], clock: ManualClock) -> Any:
    return make_lab(clock=clock, stopwatch=clock, pace="manual")


@pytest.fixture
def control(lab: Any) -> Any:
    return lab.service.control


@pytest.fixture
def complete(lab: Any) -> Callable[..., Any]:
    """Asks for a completion; takes the number of retries and what ``create`` takes."""

    def complete(retries: int = 0, **options: Any) -> Any:
        client = lab.client.with_options(max_retries=retries)
        return client.completions.create(**{"model": "babbage-002", "prompt": "x"} | options)

    return complete
