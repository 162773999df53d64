from __future__ import annotations

from pitchpipe.default_plugins.splitters import (
    GroupSplitter,
    LegacySplitter,
    RandomSplitter,
    StratifiedSplitter,
)
from pitchpipe.testing import Check, Subject, parametrize_with_checks


@parametrize_with_checks(
    [
        RandomSplitter(),
        Subject(RandomSplitter(0.5, 7, keep_prompts_together=False), "RandomOfRows"),
        StratifiedSplitter(),
        Subject(StratifiedSplitter(0.5, 7, keep_prompts_together=False), "StratifiedOfRows"),
        GroupSplitter(),
        Subject(GroupSplitter(0.5, 7, keep_prompts_together=False), "GroupOfRows"),
        LegacySplitter(),
    ]
)
def test_promises(stage: object, check: Check) -> None:
    check(stage)
