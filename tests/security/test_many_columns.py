"""Tables with very many columns, and records with ever new keys."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bounded import pitchpipe
from pitchpipe.errors import DataError
from pitchpipe.tables import limits, open_table, portions
from pitchpipe.tables.limits import MAX_CHUNK_CELLS, MAX_COLUMNS

MB = 1 << 20
COLUMNS = ("--prompt-column", "prompt", "--completion-column", "completion")


def _record(at: int, keys: int = 1) -> dict[str, str]:
    own = {f"k{at}_{n}": "v" for n in range(keys)}
    return {"prompt": f"p{at}", "completion": f"c{at % 3}", **own}


def _lines(rows: int, keys: int = 1) -> str:
    return "".join(json.dumps(_record(at, keys)) + "\n" for at in range(rows))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_new_key_in_every_line(tmp_path: Path, workers: str) -> None:
    (tmp_path / "t.jsonl").write_text(_lines(8000))
    words = ("prepare", "t.jsonl", "-q", *COLUMNS, "--set", f"engine.workers={workers}")
    done = pitchpipe(*words, cwd=tmp_path)
    assert done.code == 0, done.said
    assert done.peak < 600 * MB
    assert "and 7,950 more" in done.said
    kept = sum(
        len((tmp_path / f"t_prepared_{side}.jsonl").read_text().splitlines())
        for side in ("train", "valid")
    )
    assert kept == 8000


def _cells(rows: int) -> int:
    records = list(map(_record, range(rows)))
    parts = list(portions.portions(records, rows, dict.keys))
    assert [record for part in parts for record in part] == records
    return sum(len(part) * len({key for record in part for key in record}) for part in parts)


def test_cells_grow_with_the_rows_and_not_with_their_square(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(portions, "MAX_CHUNK_CELLS", 10_000)
    assert _cells(9600) < 2.2 * _cells(4800)


@given(
    st.lists(st.dictionaries(st.sampled_from("abcdefgh"), st.just(0), max_size=8), max_size=30),
    st.integers(1, 9),
)
def test_portions_keep_all_records_in_order(records: list[dict[str, int]], size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portions, "MAX_CHUNK_CELLS", 12)
        parts = list(portions.portions(records, size, dict.keys))
    assert [record for part in parts for record in part] == records
    for part in parts:
        assert 1 <= len(part) <= size
        assert len(part) == 1 or len(part) * len({k for record in part for k in record}) <= 12


@pytest.mark.parametrize("name", ["t.jsonl", "t.json"])
@pytest.mark.parametrize("by_name", [False, True])
def test_too_many_keys_are_refused_where_they_are(tmp_path: Path, name: str, by_name: bool) -> None:
    path = tmp_path / name
    records = [_record(at, 100) for at in range(110)]
    lines = [json.dumps(record) for record in records]
    path.write_text("\n".join(lines) if name == "t.jsonl" else f"[{','.join(lines)}]")
    unit = "line" if name == "t.jsonl" else "record"
    with pytest.raises(DataError, match=rf"{unit} 100: .* more than 10,000 different keys") as said:
        for _ in open_table(path, by_name=by_name).chunks():
            pass
    assert "Expected the same few keys" in str(said.value)


def test_too_many_keys_over_several_pieces(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(
        "".join(json.dumps({**_record(at), "text": "a" * 400}) + "\n" for at in range(12_000))
    )
    done = pitchpipe("prepare", "t.jsonl", "-q", *COLUMNS, cwd=tmp_path)
    assert done.code == 1, done.said
    assert "more than 10,000 different keys" in done.said
    assert [path.name for path in tmp_path.iterdir()] == ["t.jsonl"]


def test_many_keys_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(_lines(3) + _lines(1, 20_000))
    [segment] = open_table(path).segments()
    with pytest.raises(DataError, match=r"line 4: .*10,000 different keys"):
        list(segment.chunks())


def test_many_keys_inside_a_value(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    nested = {"prompt": "a", "completion": {f"k{n}": n for n in range(50_000)}}
    path.write_text(json.dumps(nested) + "\n")
    assert open_table(path).columns == ["prompt", "completion"]


def _wide(path: Path, width: int) -> None:
    names, cells = [f"c{n}" for n in range(width)], ["x"] * width
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet()
        sheet.append(names)
        sheet.append(cells)
        book.save(path)
    elif path.suffix == ".parquet":
        pq.write_table(pa.table({name: ["x"] for name in names}), path)
    else:
        mark = "\t" if path.suffix == ".tsv" else ","
        path.write_text(f"{mark.join(names)}\n{mark.join(cells)}\n")


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.xlsx", "t.parquet"])
def test_too_many_columns(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    _wide(path, MAX_COLUMNS + 1)
    with pytest.raises(DataError, match=r"there are 10,001 columns. Expected at most 10,000;"):
        open_table(path)
    _wide(path, 2000)
    assert len(open_table(path).columns) == 2000


def test_a_million_columns(tmp_path: Path) -> None:
    _wide(tmp_path / "t.csv", 1_000_000)
    done = pitchpipe("prepare", "t.csv", "-q", cwd=tmp_path)
    assert done.code == 1, done.said
    assert "t.csv: line 1: there are 1,000,000 columns" in done.said
    assert done.peak < 900 * MB


def test_a_frame_of_too_many_columns() -> None:
    frame = pd.DataFrame([["x"] * (MAX_COLUMNS + 1)])
    with pytest.raises(DataError, match="10,001 columns"):
        open_table(frame)


@pytest.mark.parametrize("columns", [COLUMNS, ()])
def test_5000_columns(tmp_path: Path, columns: tuple[str, ...]) -> None:
    names = ["prompt", "completion", *(f"c{n}" for n in range(5000))]
    rows = [[f"question {n}", "ab"[n % 2], *["x"] * 5000] for n in range(40)]
    (tmp_path / "t.csv").write_text("".join(",".join(row) + "\n" for row in [names, *rows]))
    done = pitchpipe("prepare", "t.csv", "-q", "--dry-run", *columns, cwd=tmp_path)
    assert done.code == 0, done.said
    assert "and 4,950 more" in done.said


def test_5000_columns_of_which_none_is_known(tmp_path: Path) -> None:
    _wide(tmp_path / "t.csv", 5000)
    done = pitchpipe("prepare", "t.csv", "-q", "--dry-run", cwd=tmp_path)
    assert done.code == 1, done.said
    assert "and 4,950 more" in done.said
    assert "--prompt-column" in done.said
    assert len(done.said) < 5000


def test_a_wide_table_comes_in_short_chunks(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    names = ",".join(f"c{n}" for n in range(8000))
    path.write_text(names + "\n" + ("x" + "," * 7999 + "\n") * 1500)
    sizes = [len(chunk) for chunk in open_table(path).chunks()]
    assert sum(sizes) == 1500
    assert max(sizes) * 8000 <= MAX_CHUNK_CELLS


def test_long_rows_come_in_short_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "MAX_CHUNK_TEXT", 1 * MB)
    for name, row in (("t.csv", "a," + "b" * 9000), ("t.jsonl", json.dumps({"a": "b" * 9000}))):
        path = tmp_path / name
        path.write_text("a,b\n" * (name == "t.csv") + f"{row}\n" * 2000)
        tracemalloc.start()
        sizes = [len(chunk) for chunk in open_table(path).chunks()]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert sum(sizes) == 2000
        assert peak < 12 * MB


def test_the_limit_is_documented() -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "prepare-data.md"
    text = page.read_text()
    for number in (
        f"{limits.MAX_COLUMNS:,}",
        f"{limits.MAX_RECORD_BYTES >> 20} MiB",
        f"{limits.MAX_DOCUMENT_BYTES >> 30} GiB",
        f"{limits.MAX_RATIO} times",
    ):
        assert number in text
