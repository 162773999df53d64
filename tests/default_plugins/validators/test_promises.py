"""What the rules that come with Pitchpipe say of themselves."""

from __future__ import annotations

import pickle

import pytest

from pitchpipe.plugins import PluginHost

RULES = PluginHost(entry_points=False).validators.names()

SCOPES = {
    "conflicting-completions": "index",
    "duplicate-rows": "index",
    "column-case": "table",
    "additional-columns": "table",
    "prompt-leakage": "split",
    "too-few-training-records": "split",
    "file-size": "split",
    "duplicate-keys": "table",
    "grader-fields": "records",
    "mixed-formats": "table",
    "number-range": "table",
    "token-limit": "records",
}
"""Those of the rules that do not look at source rows."""


@pytest.mark.parametrize("rule", RULES)
def test_it_can_be_pickled_and_is_told_apart_by_its_options_only(rule, bound) -> None:
    validator = bound(rule, "chat")
    assert pickle.loads(pickle.dumps(validator)) == validator == type(validator)()
    assert validator.scope == SCOPES.get(rule, "source")
