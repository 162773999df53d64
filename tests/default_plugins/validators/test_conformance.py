from __future__ import annotations

from pitchpipe.plugins import PluginHost
from pitchpipe.testing import Check, Subject, parametrize_with_checks

RULES = PluginHost(entry_points=False).validators


@parametrize_with_checks([Subject(RULES.create(rule), rule) for rule in RULES.names()])
def test_promises(stage: object, check: Check) -> None:
    check(stage)
