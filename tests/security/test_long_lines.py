"""Single lines, records and values without an end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bounded import pitchpipe
from pitchpipe.errors import DataError
from pitchpipe.tables import delimited, limits, open_table, text
from slow import with_slow

MB = 1 << 20
LONG = limits.MAX_RECORD_BYTES + MB


def _write(path: Path, *parts: bytes) -> None:
    with path.open("wb") as stream:
        for part in parts:
            stream.write(part)


CASES: dict[str, tuple[str, tuple[bytes, ...], str]] = {
    "a line of JSON": (
        "t.jsonl",
        (b'{"prompt":"a","completion":"b"}\n', b'{"prompt":"', b"a" * LONG, b'"}\n'),
        "line 2: the line is longer than 67,108,864 bytes (64 MiB)",
    ),
    "a cell": ("t.csv", (b"prompt,completion\na,b\nc,", b"d" * LONG), "line 3: the line is"),
    "a quote that is never closed": (
        "t.csv",
        (b"prompt,completion\na,b\n", b'c,"', b"d\n" * (LONG // 2)),
        "line 3: the record that starts here is longer",
    ),
    "a header": ("t.tsv", (b"prompt\tcompletion", b"x" * LONG), "line 1: the line is"),
    "a line of text": ("t.txt", (b"one\ntwo\n", b"a" * LONG), "line 3: the line is longer"),
    "a text that never ends": ("t.jsonl", (b'{"prompt":"', b"a" * LONG), "line 1: the line is"),
}


@pytest.mark.parametrize("case", with_slow(CASES, slow=("a quote that is never closed",)))
@pytest.mark.parametrize("profile", with_slow(["article", "legacy"], slow=("legacy",)))
def test_a_line_that_is_too_long(tmp_path: Path, case: str, profile: str) -> None:
    name, parts, said = CASES[case]
    _write(tmp_path / name, *parts)
    done = pitchpipe("prepare", name, "-q", "--profile", profile, cwd=tmp_path)
    assert done.code == 1, done.said
    assert f"{name}: {said}" in done.said
    assert done.peak < 1500 * MB


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> int:
    """Records may have 2,000 bytes, and are read in small blocks."""
    monkeypatch.setattr(text, "_BLOCK", 500)
    monkeypatch.setattr(text, "MAX_RECORD_BYTES", 2000)
    monkeypatch.setattr(delimited, "MAX_RECORD_BYTES", 2000)
    return 2000


def _chunks(path: Path) -> None:
    for _ in open_table(path).chunks():
        pass


def _segments(path: Path) -> None:
    for segment in open_table(path).segments():
        list(segment.chunks())


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("read", [_chunks, _segments])
@pytest.mark.parametrize("letter", ["a", "\u0434", "\U0001f600"])
@pytest.mark.parametrize(
    ("name", "line", "before", "after"),
    [
        ("t.jsonl", 2, '{"a":"x"}\n{"a":"', '"}\n{"a":"y"}\n'),
        ("t.csv", 3, "a,b\nc,d\ne,", "\nf,g\n"),
        ("t.csv", 3, 'a,b\nc,d\ne,"\n', '"\nf,g\n'),
        ("t.txt", 2, "one\n", "\ntwo\n"),
    ],
)
def test_lines_are_measured_in_bytes(
    tmp_path: Path,
    read: Callable[[Path], None],
    letter: str,
    name: str,
    line: int,
    before: str,
    after: str,
) -> None:
    path = tmp_path / name
    unit = letter * 9 + "\n" if '"\n' in before[-2:] else letter * 10
    path.write_text(before + unit * (1000 // len(unit.encode())) + after)
    read(path)
    path.write_text(before + unit * (8000 // len(unit.encode())) + after)
    with pytest.raises(DataError, match=rf"line {line}: the (line|record that starts here) is lon"):
        read(path)


def test_a_document_may_be_longer_than_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "MAX_RECORD_BYTES", 100_000)
    rows = [{"prompt": f"question {n}", "completion": "a" * 50} for n in range(9000)]
    for name in ("t.json", "t.jsonl"):
        path = tmp_path / name
        path.write_text(json.dumps(rows))
        assert sum(map(len, open_table(path).chunks())) == 9000
        assert sum(map(len, open_table(path, by_name=True).chunks())) == 9000


def test_a_document_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MAX_DOCUMENT_BYTES", 100_000)
    path = tmp_path / "t.json"
    path.write_text(json.dumps([{"prompt": "a" * 99, "completion": "b"}] * 2000, indent=1))
    with pytest.raises(DataError, match="the JSON document is longer than 100,000 bytes"):
        open_table(path)


DEEP = 100_000


@pytest.mark.parametrize("name", ["t.jsonl", "t.json"])
@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize(
    "data",
    [
        b'{"prompt":' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"prompt":' * DEEP + b"1" + b"}" * DEEP,
        b"[" * DEEP + b"]" * DEEP,
        b"[" * DEEP,
        b'{"prompt":"a","prompt":' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"prompt":' + b"[" * 203 + b"]" * 203 + b"}",
    ],
)
def test_deep_json(tmp_path: Path, name: str, by_name: bool, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data + b"\n" + (data + b"\n") * (name == "t.jsonl"))
    with pytest.raises(DataError) as refusal:
        for _ in open_table(path, by_name=by_name).chunks():
            pass
    assert str(refusal.value).startswith(f"{path}: ")


@pytest.mark.parametrize("number", [b"9" * 5000, b"-" + b"9" * 5000, b"1e400", b"9" * 400 + b".5"])
@pytest.mark.parametrize("name", ["t.jsonl", "t.json"])
@pytest.mark.parametrize("shape", [b"%s", b"[%s]", b'{"prompt":%s}', b'{"prompt":[%s]}'])
def test_endless_numbers(tmp_path: Path, number: bytes, name: str, shape: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(shape % number + b"\n")
    with pytest.raises(
        DataError, match=r"not a number that a 64-bit float|found an? (number|array)"
    ):
        for _ in open_table(path).chunks():
            pass
