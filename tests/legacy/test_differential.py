"""The legacy profile against prepare_data of openai 0.27.8, record by record."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from legacy_oracle import faults, old_tool_was_right, result_faults
from legacy_tables import Table, tables

TABLES = int(os.environ.get("PITCHPIPE_LEGACY_TABLES", "200"))
"""How many tables are tried; thousands before a release."""

FILMS = Path(__file__).parents[3] / "shared/data/movie_snippets.csv"


@settings(max_examples=TABLES, suppress_health_check=list(HealthCheck))
@given(table=tables(), chunk_rows=st.sampled_from([10_000, 10_000, 3]))
def test_where_the_old_tool_was_right_the_same_records_come_out(both, table, chunk_rows) -> None:
    theirs, ours = both(table, chunk_rows)
    for fault in set(faults(table, theirs)):
        event(fault)
    if old_tool_was_right(table, theirs):
        event("right")
        assert ours.get("files") == theirs.get("files")
        assert ("error" in ours) == ("error" in theirs)
        assert "crash" not in theirs
    else:
        assert not result_faults(ours)


@pytest.mark.parametrize("rows", [999, 4_999, 5_001, 7_500])
@pytest.mark.parametrize("labels", [1, 2, 40])
def test_large_tables_are_split_alike(both, rows, labels) -> None:
    prompts = [f"text {at}" for at in range(rows)]
    table = Table(
        "csv", {"prompt": prompts, "completion": [f"{at % labels}" for at in range(rows)]}
    )
    theirs, ours = both(table, 1000)
    assert len(theirs["files"]["table_prepared_valid.jsonl"]) == min(1000, rows - int(rows * 0.8))
    assert ours == theirs


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_film_reviews_come_out_alike(both, kind) -> None:
    path = Path(os.environ.get("PITCHPIPE_LEGACY_CSV", FILMS))
    if not path.is_file():
        pytest.skip(f"{path}: no such file; PITCHPIPE_LEGACY_CSV names another")
    films = pd.read_csv(path, dtype=str, keep_default_na=False)
    columns = {"prompt": films.iloc[:, 0].tolist(), "completion": films.iloc[:, 1].tolist()}
    table = Table(kind, columns)
    theirs, ours = both(table)
    assert old_tool_was_right(table, theirs)
    assert ours == theirs
