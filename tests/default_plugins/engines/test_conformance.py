from __future__ import annotations

from pitchpipe.default_plugins.engines import LocalEngine
from pitchpipe.testing import Check, Subject, parametrize_with_checks


@parametrize_with_checks(
    [LocalEngine(workers=1), Subject(LocalEngine(workers=2), "LocalEngineOfTwo")]
)
def test_promises(stage: object, check: Check) -> None:
    check(stage)
