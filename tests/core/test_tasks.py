from __future__ import annotations

import pytest

from pitchpipe.tasks import task_kind


@pytest.mark.parametrize(
    ("rows", "answers", "asks", "kind"),
    [
        (10, 1, False, "open-ended"),
        (4, 1, True, "classification"),
        (3, 1, True, "conditional"),
        (301, 100, True, "classification"),
        (300, 100, True, "conditional"),
    ],
)
def test_the_kind_of_task_follows_from_three_facts(rows, answers, asks, kind) -> None:
    assert task_kind(rows, answers, asks) == kind
