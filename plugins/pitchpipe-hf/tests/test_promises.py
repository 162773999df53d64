from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings

from pitchpipe.testing import Check, Subject, parametrize_with_checks
from pitchpipe_hf import HfLearner
from pitchpipe_hf.settings import Settings


@pytest.fixture(autouse=True)
def few_examples() -> Any:
    """Two of each check: what a model of Transformers does takes a thousand times longer."""
    profile = settings.get_current_profile_name()
    settings.register_profile("few", settings(), max_examples=20)
    settings.load_profile("few")
    yield
    settings.load_profile(profile)


@parametrize_with_checks([Subject(HfLearner)])
def test_promises(
    stage: Any, check: Check, options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HfLearner, "settings", Settings.of(options | {"max_answer": "2"}))
    check(stage)
