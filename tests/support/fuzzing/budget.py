"""How many examples a fuzzer draws."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings

VARIABLE = "PITCHPIPE_FUZZ_EXAMPLES"


def examples(default: int, *, cost: int = 1) -> int:
    """The number of examples of one test.

    Args:
        default: the number where ``PITCHPIPE_FUZZ_EXAMPLES`` is not set.
        cost: by how much an example is slower than a usual one; the variable is divided by it.
    """
    given = os.environ.get(VARIABLE)
    return default if given is None else max(1, int(given) // cost)


def fuzz(default: int, *, cost: int = 1) -> Any:
    """Settings of a test that draws so many examples; takes what ``examples`` takes."""
    return settings(
        max_examples=examples(default, cost=cost),
        # explaining a failure repeats it many times, and some failures take seconds
        phases=[phase for phase in Phase if phase is not Phase.explain],
        suppress_health_check=list(HealthCheck),
    )
