from __future__ import annotations

from hypothesis import strategies as st

from pitchpipe.testing import Check, Subject, parametrize_with_checks
from pitchpipe_dedup import NearDuplicates

TEXT = "a long and winding road through the hills of a small country"
rows = st.fixed_dictionaries(
    {
        "prompt": st.sampled_from([TEXT, f"{TEXT}!", f"{TEXT} indeed", "a cat", "", None]),
        "completion": st.sampled_from(["yes", "no"]),
    }
)


@parametrize_with_checks(
    [
        Subject(NearDuplicates(), rows=rows),
        Subject(NearDuplicates(0.5, 16, "recommended"), "NearDuplicatesOnRequest", rows=rows),
    ]
)
def test_promises(stage: object, check: Check) -> None:
    check(stage)
