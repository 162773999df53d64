"""A formatter that makes records of other columns than prompt and completion."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pitchpipe import Pipeline, PluginHost, hookimpl
from pitchpipe.errors import DataError
from pitchpipe.formatters import ChatFormatter

Make = Callable[..., Pipeline]
ROWS = [
    {"title": f"{sound} song {n}", "mood": mood, "band": f"band {n // 4}", "year": 1970 + n}
    for n in range(20)
    for sound, mood in (("a slow sad", "blue"), ("a loud fast", "merry"))
]
OPTIONS = {"formatter": {"name": "songs"}, "training": {"model": "gpt-4o-mini"}}


@dataclass(frozen=True)
class SongFormatter(ChatFormatter):
    """Asks for the mood of a title."""

    def required_columns(self, available: Sequence[str]) -> tuple[str, ...]:
        return ("messages",) if "messages" in available else ("title", "mood")

    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        if "messages" in chunk:
            return super().apply(chunk)
        for line, cell in chunk["mood"].items() if "mood" in chunk else ():
            if cell is None:
                raise DataError(f"{chunk.index.name} {line}, column 'mood': the cell is empty.")
        return super().apply(chunk.rename(columns={"title": "prompt", "mood": "completion"}))


class Songs:
    @hookimpl
    def register_formatters(self, register: Any) -> None:
        register("songs", SongFormatter)


def songs() -> PluginHost:
    return PluginHost([Songs()], entry_points=False)


@pytest.fixture
def pipeline(make_pipeline: Make) -> Pipeline:
    return make_pipeline(songs(), **OPTIONS)


def test_it_reads_them_from_the_table_to_the_score(pipeline: Pipeline) -> None:
    run = pipeline.run(pd.DataFrame(ROWS))
    assert run.prepared.contract.formatter == "songs"
    assert run.prepared.contract.labels == ("blue", "merry")
    assert run.scores["accuracy"] == 1.0
    assert run.scores["auroc"] == 1.0  # the labels' probabilities are known
    assert "Records are made from 'title', 'mood'." in run.notes
    asked = pipeline.predict(run.model, pd.DataFrame({"title": ["a loud fast song 3"]}))
    assert asked["answer"].tolist() == ["merry"]
    again = pipeline.predict(run.model, run.prepared.valid)  # records of its own
    assert again["reference"].tolist() == again["answer"].tolist()


def test_rules_see_its_records(pipeline: Pipeline) -> None:
    prepared = pipeline.prepare(pd.DataFrame([*ROWS, ROWS[0]]), dry_run=True)
    assert prepared.applied == ("duplicate-rows",)
    assert prepared.train_rows + prepared.valid_rows == len(ROWS)


def test_groups_stay_together(make_pipeline: Make, tmp_path: Path) -> None:
    pipeline = make_pipeline(songs(), **OPTIONS, data={"group_column": "band"})
    prepared = pipeline.prepare(pd.DataFrame(ROWS), tmp_path)
    assert prepared.valid is not None
    sides = [
        {int(json.loads(line)["messages"][0]["content"].split()[-1]) // 4 for line in text}
        for text in (path.read_text().splitlines() for path in (prepared.train, prepared.valid))
    ]
    assert sides[0].isdisjoint(sides[1])


def test_what_is_missing_is_named(pipeline: Pipeline, tmp_path: Path) -> None:
    table = tmp_path / "songs.jsonl"
    table.write_text('{"title": "t", "moods": "blue"}\n')
    with pytest.raises(DataError, match=r"songs\.jsonl: no column 'mood'.*found 'title', 'moods'"):
        pipeline.prepare(table)


@pytest.mark.parametrize("good", [0, 1, 5])
def test_a_bad_row_is_named_wherever_it_is(make_pipeline: Make, tmp_path: Path, good: int) -> None:
    pipeline = make_pipeline(songs(), **OPTIONS, data={"chunk_rows": 2})
    table = tmp_path / "songs.jsonl"
    rows = [*ROWS[:good], {"title": "t"}, {"title": "u"}, {"title": "v"}]
    table.write_text("".join(json.dumps(row) + "\n" for row in [ROWS[-1], *rows]))
    with pytest.raises(DataError, match=rf"songs\.jsonl: line {good + 2}, column 'mood': the cell"):
        pipeline.prepare(table, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["songs.jsonl"]


def test_a_question_that_cannot_be_read_is_named(pipeline: Pipeline, tmp_path: Path) -> None:
    run = pipeline.run(pd.DataFrame(ROWS))
    table = tmp_path / "songs.csv"
    table.write_text("title,mood\na song,blue\nb song,\n")
    with pytest.raises(DataError, match=r"songs\.csv: line 3, column 'mood': the cell is empty"):
        pipeline.predict(run.model, table)
