"""Cases of a kind that take long: one of the kind runs always, the others where slow tests do."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

import pytest


def with_slow(
    cases: Iterable[Any], *, slow: Container[Any] = (), quick: Container[Any] | None = None
) -> list[Any]:
    """The cases for ``parametrize``, some of them marked as slow.

    Args:
        cases: all of them.
        slow: which take long.
        quick: given instead: which do not.
    """
    return [
        pytest.param(case, marks=pytest.mark.slow)
        if (case in slow if quick is None else case not in quick)
        else case
        for case in cases
    ]
