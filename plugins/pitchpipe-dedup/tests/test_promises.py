from __future__ import annotations

from pitchpipe.testing import Check, Subject, parametrize_with_checks
from pitchpipe_dedup import NearDuplicates


@parametrize_with_checks(
    [
        NearDuplicates(),
        Subject(NearDuplicates(0.5, 16, "recommended"), "NearDuplicatesOnRequest"),
    ]
)
def test_promises(stage: object, check: Check) -> None:
    check(stage)
