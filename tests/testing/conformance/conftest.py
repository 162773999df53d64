from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import Phase, settings

from pitchpipe.testing import ConformanceError, checks_for

Breaks = Callable[[object, str], str]


def caught(stage: object, name: str) -> str:
    """What a check says of a stage that it catches; the test fails where it does not."""
    [check] = [check for check in checks_for(stage) if check.name == name]
    with pytest.raises(ConformanceError) as error:
        check(check.subject.stage)
    message = str(error.value)
    assert f"{check.promise.words} (check {name!r})" in message
    assert "Smallest example:" in message
    return message


@pytest.fixture
def shrunk() -> Breaks:
    """``caught``, with the smallest example."""
    return caught


@pytest.fixture
def breaks() -> Iterator[Breaks]:
    """``caught``, with any example: that takes a fraction of the time."""
    before = settings.get_current_profile_name()
    settings.register_profile("unshrunk", settings(), phases=[Phase.generate])
    settings.load_profile("unshrunk")
    yield caught
    settings.load_profile(before)
