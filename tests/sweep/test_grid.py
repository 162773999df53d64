from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.errors import UsageError
from pitchpipe.sweep import Cell, Grid
from pitchpipe.sweep.grid import folder_name


def test_cells_come_model_by_model_the_smallest_first() -> None:
    grid = Grid.of(["b", "a"], [40, 20], [2, 1])
    assert list(grid.cells()) == [
        Cell(model, examples, epochs)
        for model in ("b", "a")
        for examples in (20, 40)
        for epochs in (1, 2)
    ]


@pytest.mark.parametrize(
    ("models", "examples", "epochs", "message"),
    [
        ([], [1], [1], "models: nothing is given"),
        (["a"], [], [1], "examples: nothing is given"),
        (["a"], [1], [], "epochs: nothing is given"),
        (["a", "a"], [1], [1], "models: 'a' is given twice"),
        (["a"], [3, 4, 3], [1], "examples: 3 is given twice"),
        (["a"], [0, 4], [1], "examples: must be at least 1; found 0"),
        (["a"], [4], [1, 51], "epochs: n_epochs must be from 1 to 50; found 51"),
    ],
)
def test_what_makes_no_grid_is_named(
    models: list[str], examples: list[int], epochs: list[int], message: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        Grid.of(models, examples, epochs)


@given(st.lists(st.text(min_size=1), min_size=2, unique=True))
def test_names_of_folders_can_be_used_and_tell_models_apart(models: list[str]) -> None:
    names = {folder_name(model) for model in models}
    assert len(names) == len(models)
    assert all(re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,47}", name) for name in names)


def test_a_plain_name_stays_as_it_is() -> None:
    assert folder_name("gpt-4.1-mini-2025-04-14") == "gpt-4.1-mini-2025-04-14"
    assert str(Cell("babbage-002", 40, 1)) == "babbage-002, 40 examples, 1 epoch"
    assert Cell("babbage-002", 40, 2).name == "babbage-002-40x2"
