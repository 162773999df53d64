"""A table whose file changes while it is read: refused, and nothing is written."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pitchpipe import prepare
from pitchpipe.config import Config
from pitchpipe.errors import DataError
from pitchpipe.pipeline import Pipeline
from pitchpipe.prepare import passes
from pitchpipe.tables import open_table, text
from pitchpipe.tables.identity import Identity, SourceFile, TableChangedError

ROWS = 3000


def _content(name: str, word: str = "old") -> bytes:
    records = [{"prompt": f"{word} row {n}", "completion": "yn"[n % 2]} for n in range(ROWS)]
    cells = [list(record.values()) for record in records]
    out = io.BytesIO()
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(records), out)
        return out.getvalue()
    if name.endswith(".xlsx"):
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet()
        for row in (["prompt", "completion"], *cells):
            sheet.append(row)
        book.save(out)
        return out.getvalue()
    if name.endswith(".json"):
        return json.dumps(records).encode()
    if name.endswith(".jsonl"):
        return "".join(json.dumps(record) + "\n" for record in records).encode()
    data = "".join(",".join(row) + "\n" for row in (["prompt", "completion"], *cells)).encode()
    return gzip.compress(data) if name.endswith(".gz") else data


def _replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(_content(path.name, "new"))
    other.replace(path)


def _append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"\n")


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _rewrite(path: Path) -> None:
    """In place, of the same length, and with the time that it had."""
    before = path.stat()
    data = path.read_bytes()
    text_of_it = data.replace(b"old", b"new")
    data = text_of_it if text_of_it != data else data[:-1] + bytes([data[-1] ^ 1])
    with path.open("r+b") as stream:
        stream.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _delete(path: Path) -> None:
    path.unlink()


CHANGES = {
    "another file took its place": _replace,
    "its size went from": _append,
    "to .* bytes": _truncate,
    "attributes were written": _rewrite,
    "it was deleted or renamed": _delete,
}
NAMES = ("t.csv", "t.jsonl", "t.json", "t.xlsx", "t.parquet", "t.csv.gz")
Change = Callable[[Path], None]


def _settled(path: Path, name: str) -> Path:
    """A file that was written long enough ago for any later write to have another time."""
    target = path / name
    target.write_bytes(_content(name))
    while SourceFile.of(target).digest is not None:
        pass
    return target


def _before(monkeypatch: pytest.MonkeyPatch, place: object, name: str, change: Change) -> None:
    """Changes the file when a function is first called."""
    original = getattr(place, name)
    done: list[None] = []

    def changed(*arguments: object, **options: object) -> object:
        if not done:
            done.append(None)
            change(Path())
        return original(*arguments, **options)

    monkeypatch.setattr(place, name, changed)


MOMENTS: dict[str, tuple[object, str]] = {
    "before the first pass": (prepare, "settle"),
    "within a pass": (passes, "_take"),
    "after the last pass": (prepare.Task, "of"),
    "while the files are made": (prepare, "held_out"),
}


@pytest.mark.parametrize("said", CHANGES)
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, moment: str, said: str
) -> None:
    path = _settled(tmp_path, name)
    monkeypatch.setattr(text, "_BLOCK", 4096)
    _before(monkeypatch, *MOMENTS[moment], lambda _: CHANGES[said](path))
    config = Config.from_mapping({"engine": {"name": "local", "workers": 1}})
    with pytest.raises(TableChangedError, match=f"changed while it was read .*{said}") as refusal:
        Pipeline.from_config(config).prepare(path, tmp_path / "out")
    assert str(refusal.value).startswith(f"{path}: ")
    assert str(refusal.value).endswith("Nothing was written.")
    assert not (tmp_path / "out").exists()


def test_earlier_files_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _settled(tmp_path, "t.csv")
    pipeline = Pipeline.from_config(Config())
    pipeline.prepare(path, tmp_path / "out")
    earlier = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    _before(monkeypatch, passes, "_take", lambda _: _replace(path))
    with pytest.raises(TableChangedError):
        pipeline.prepare(path, tmp_path / "out")
    assert {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()} == earlier


@pytest.mark.parametrize("options", [{"profile": "legacy"}, {"fix": False}])
def test_other_profiles_and_trials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, object]
) -> None:
    path = _settled(tmp_path, "t.jsonl")
    _before(monkeypatch, prepare.Task, "of", lambda _: _replace(path))
    with pytest.raises(TableChangedError):
        Pipeline.from_config(Config.from_mapping({"data": options})).prepare(path, dry_run=True)
    assert {entry.name for entry in tmp_path.iterdir()} == {"t.jsonl"}


def test_a_change_seen_by_a_worker_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _settled(tmp_path, "t.csv")
    monkeypatch.setattr(text, "_BLOCK", 4096)
    _before(monkeypatch, prepare, "settle", lambda _: _rewrite(path))
    config = Config.from_mapping({"engine": {"name": "local", "workers": 2}})
    with pytest.raises(TableChangedError, match="attributes were written"):
        Pipeline.from_config(config).prepare(path, tmp_path / "out")


@pytest.mark.parametrize("said", CHANGES)
@pytest.mark.parametrize("name", NAMES)
def test_whoever_reads_a_table_to_its_end_hears_of_it(tmp_path: Path, name: str, said: str) -> None:
    path = _settled(tmp_path, name)
    table = open_table(path, chunk_rows=100)
    chunks = table.chunks()
    next(chunks)
    CHANGES[said](path)
    with pytest.raises(DataError):
        for _ in chunks:
            pass
    with pytest.raises(TableChangedError, match=said):
        table.check_unchanged()
    with pytest.raises(TableChangedError, match=said):
        table.fingerprint()


@pytest.mark.parametrize("name", NAMES)
def test_what_looks_damaged_for_having_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = _settled(tmp_path, name)
    _before(monkeypatch, SourceFile, "open", lambda _: path.write_bytes(b"PK\3\4 half"))
    with pytest.raises(TableChangedError):
        open_table(path)


def test_a_write_within_one_step_of_the_clock(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(_content("t.csv"))
    table = open_table(path)
    later = Identity.of(path.stat())
    path.write_bytes(_content("t.csv").replace(b"old", b"new"))
    # as where the clock had not moved on: only the content differs
    source = SourceFile(path, Identity.of(path.stat()), _digest(_content("t.csv")))
    assert later.size == source.identity.size
    with pytest.raises(TableChangedError, match="it was written to"):
        source.fingerprint()
    assert table.columns == ["prompt", "completion"]


def _digest(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("name", NAMES)
def test_reading_alone_changes_nothing(tmp_path: Path, name: str) -> None:
    path = _settled(tmp_path, name)
    table = open_table(path)
    for _ in range(2):
        assert sum(map(len, table.chunks())) == ROWS
    copy = tmp_path / "copy"
    shutil.copyfile(path, copy)
    table.check_unchanged()
    assert table.fingerprint() == SourceFile.of(copy).fingerprint()


def _names(entries: Sequence[Path]) -> set[str]:
    return {entry.name for entry in entries}


def test_the_command_says_it_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pitchpipe.cli import main

    path = _settled(tmp_path, "t.csv")
    _before(monkeypatch, passes, "_take", lambda _: _truncate(path))
    assert main(["prepare", str(path), "-q"]) == 1
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith(f"pitchpipe: error: {path}: changed while it was read (its size went")
    assert _names(list(tmp_path.iterdir())) == {"t.csv"}
