"""Small files that claim, or unpack to, far more than they hold."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bounded import pitchpipe
from pitchpipe.errors import DataError
from pitchpipe.tables import open_table
from slow import with_slow

MB = 1 << 20
SHEET = "xl/worksheets/sheet1.xml"
COLUMNS = ("--prompt-column", "prompt", "--completion-column", "completion")


def _workbook(
    edit: Callable[[bytes], bytes] = lambda data: data,
    part: str = SHEET,
    method: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """A workbook of 30 rows with one part edited."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["prompt", "completion"])
    for row in range(30):
        sheet.append([f"question {row}", f"answer {row % 3}"])
    plain, out = io.BytesIO(), io.BytesIO()
    book.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(out, "w", method) as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, edit(data) if name == part else data)
    return out.getvalue()


def _rows(more: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(b"</sheetData>", more + b"</sheetData>")


def _laughs(data: bytes) -> bytes:
    entities = b'<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10)
    )
    return b"<!DOCTYPE x [" + entities + b"]>" + data.replace(b"question 3", b"&a9;")


def _with_texts(texts: bytes) -> bytes:
    """A workbook with a part of shared strings."""
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = b'<Override PartName="/xl/strings.xml" ContentType="' + kind + b'"/>'
    out = io.BytesIO(
        _workbook(lambda data: data.replace(b"</Types>", part + b"</Types>"), "[Content_Types].xml")
    )
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/strings.xml", texts)
    return out.getvalue()


MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
WORKBOOKS: dict[str, tuple[bytes, str]] = {
    "a row with a far number": (
        _workbook(lambda data: data.replace(b'<row r="31"', b'<row r="2000000000"')),
        "number 2000000000",
    ),
    "a row with an endless number": (
        _workbook(lambda data: data.replace(b'<row r="31"', b'<row r="' + b"9" * 6000 + b'"')),
        "number 999",
    ),
    "too many rows": (_workbook(_rows(b"<row/>" * 1_100_000)), "1,048,576 rows"),
    "too many cells in a row": (_workbook(_rows(b"<row>" + b"<c/>" * 1_100_000 + b"</row>")), ""),
    "elements that are no rows": (_workbook(_rows(b"<x/>" * 1_100_000)), "beside the rows"),
    "rows of another language": (
        _workbook(_rows(b'<y:row xmlns:y="urn:y"/>' * 1_100_000)),
        "beside the rows",
    ),
    "a long text": (
        _workbook(
            _rows(b'<row><c t="inlineStr"><is><t>' + b"a" * (80 * MB) + b"</t></is></c></row>")
        ),
        "in one row",
    ),
    "a long attribute": (
        _workbook(_rows(b'<row x="' + b"a" * (20 * MB) + b'"/>')),
        "in one tag",
    ),
    "a long comment": (_workbook(_rows(b"<!--" + b"a" * (20 * MB) + b"-->")), "in one tag"),
    "text between the rows": (_workbook(_rows(b"a" * (80 * MB))), "beside the rows"),
    "deep elements": (_workbook(_rows(b"<x>" * 9_000 + b"</x>" * 9_000)), "inside one another"),
    "growing entities": (_workbook(_laughs), "document type"),
    "growing entities in the texts": (
        _with_texts(_laughs(b"<sst " + MAIN + b"><si><t>question 3</t></si></sst>")),
        "document type",
    ),
    "too many texts": (
        _with_texts(b"<sst " + MAIN + b">" + b"<si/>" * 5_100_000 + b"</sst>"),
        "5,000,000 different texts",
    ),
    "a text of many pieces": (
        _with_texts(b"<sst " + MAIN + b"><si>" + b"<r/>" * 1_100_000 + b"</si></sst>"),
        "elements in one row or text",
    ),
    "rows among the texts": (
        _with_texts(b"<sst " + MAIN + b">" + b"<row/>" * 1_100_000 + b"</sst>"),
        "beside the rows",
    ),
    "growing entities in the styles": (_workbook(_laughs, "xl/styles.xml"), "document type"),
    "long styles": (
        _workbook(
            lambda data: data.replace(b"</styleSheet>", b" " * (40 * MB) + b"</styleSheet>"),
            "xl/styles.xml",
        ),
        "read whole",
    ),
    "a far column": (
        _workbook(lambda data: data.replace(b'r="B5"', b'r="XFD5"')),
        "value in column 16384",
    ),
    "a column of too many letters": (
        _workbook(lambda data: data.replace(b'r="B5"', b'r="ZZZZZZZZ5"')),
        "not a valid column name",
    ),
    "another packing": (_workbook(method=zipfile.ZIP_BZIP2), "packed by method 12"),
}


@pytest.mark.parametrize("case", WORKBOOKS)
@pytest.mark.parametrize("by_name", with_slow([False, True], quick=(False,)))
def test_a_workbook_that_claims_too_much(tmp_path: Path, case: str, by_name: bool) -> None:
    data, said = WORKBOOKS[case]
    path = tmp_path / "t.xlsx"
    path.write_bytes(data)
    assert len(data) < MB
    with pytest.raises(DataError, match="Expected") as refusal:
        for _ in open_table(path, by_name=by_name).chunks():
            pass
    assert str(refusal.value).startswith(f"{path}: ")
    assert said in str(refusal.value)


def test_a_workbook_that_lies_about_its_size(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(_workbook(lambda data: data.replace(b"A1:B31", b"A1:XFD1048576")))
    assert [len(chunk) for chunk in open_table(path).chunks()] == [30]


def test_a_part_that_lies_about_its_length(tmp_path: Path) -> None:
    data = bytearray(_workbook(_rows(b" " * MB)))
    at = data.index(SHEET.encode(), data.index(b"PK\x01\x02")) - 46
    data[at + 24 : at + 28] = (100).to_bytes(4, "little")
    path = tmp_path / "t.xlsx"
    path.write_bytes(data)
    with pytest.raises(DataError, match="not an Excel workbook that can be read"):
        open_table(path)


def test_a_workbook_within_bounds_takes_little_memory(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_bytes(WORKBOOKS["too many cells in a row"][0])
    done = pitchpipe("prepare", "t.xlsx", "-q", cwd=tmp_path)
    assert done.code == 1, done.said
    assert "1,000,000 elements in one row" in done.said
    assert done.peak < 700 * MB


ROWS = b"".join(b"question %d,%s\n" % (n, b"yes" if n % 2 else b"no") for n in range(30_000))
TEXT = b"prompt,completion\n" + ROWS
PACKED: dict[str, bytes] = {
    "t.csv.gz": gzip.compress(TEXT),
    "t.csv.bz2": bz2.compress(TEXT),
    "t.csv.xz": lzma.compress(TEXT),
    "members.csv.gz": gzip.compress(TEXT[:1000]) + gzip.compress(TEXT[1000:]),
    "t.jsonl.gz": gzip.compress(
        b"".join(b'{"prompt":"q %d","completion":"%d"}\n' % (n, n % 2) for n in range(20_000))
    ),
    "t.json.gz": gzip.compress(
        b"["
        + b",".join(b'{"prompt":"q %d","completion":"%d"}' % (n, n % 2) for n in range(20_000))
        + b"]"
    ),
    "t.txt.gz": gzip.compress(b"".join(b"line %d\n" % n for n in range(60_000))),
    "t.xlsx": _workbook(_rows(b"<row/>" * 90_000)),
}


def _parquet() -> bytes:
    out = io.BytesIO()
    answers = pa.array(["yes", "no"]).take(pa.array([0, 1] * 10_000))
    questions = pa.array([f"question {n}" for n in range(20_000)])
    pq.write_table(pa.table({"prompt": questions, "completion": answers}), out)
    return out.getvalue()


PACKED["t.parquet"] = _parquet()


@pytest.mark.parametrize("name", with_slow(PACKED, quick=("t.csv.gz", "t.xlsx")))
def test_data_that_unpacks_to_more_than_the_limit(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(PACKED[name])
    words = ("prepare", name, "-q", "--dry-run", *(() if "txt" in name else COLUMNS))
    refused = pitchpipe(*words, "--max-unpacked", "300KB", cwd=tmp_path)
    assert refused.code == 1, refused.said
    assert f"{name}: " in refused.said
    assert "unpacks to more than 300,000 bytes" in refused.said
    assert "--max-unpacked" in refused.said
    [advised] = refused.said.split("pass --max-unpacked ")[1].split()[:1]
    raised = pitchpipe(*words, "--max-unpacked", advised, cwd=tmp_path)
    for _ in range(4):  # what a stream comes to is known only at its end
        if "pass --max-unpacked " in raised.said:
            [advised] = raised.said.split("pass --max-unpacked ")[1].split()[:1]
            raised = pitchpipe(*words, "--max-unpacked", advised, cwd=tmp_path)
    assert raised.code == 0, raised.said
    configured = pitchpipe(*words, "--set", f"data.max_unpacked={advised}", cwd=tmp_path)
    assert configured.code == 0, configured.said


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_the_default_limit_follows_the_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr("pitchpipe.tables.limits.LEAST_UNPACKED", 200_000)
    path = tmp_path / "t.csv"
    path.write_bytes(pack(b"prompt,completion\n" + b"the same,row\n" * 200_000))
    with pytest.raises(DataError, match="50 times the packed size") as refusal:
        for _ in open_table(path).chunks():
            pass
    assert "--max-unpacked" in str(refusal.value)


def _runs(rows: int, text: str) -> pa.Table:
    repeated = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), [text])
    return pa.table({"prompt": repeated, "completion": repeated})


PARQUET: dict[str, Callable[[], pa.Table]] = {
    "runs of one text": lambda: _runs(16_000_000, "a"),
    "nothing but nulls": lambda: pa.table({"prompt": pa.nulls(33_000_000, pa.string())}),
    "a long text in every row": lambda: _runs(200, "a" * (6 * MB)),
    "lists of one number": lambda: pa.table(
        {"prompt": pa.array([[0] * MB] * 33, pa.list_(pa.int8())), "completion": ["a"] * 33}
    ),
}


@pytest.mark.parametrize("case", with_slow(PARQUET, slow=("a long text in every row",)))
def test_parquet_that_unpacks_to_too_much(tmp_path: Path, case: str) -> None:
    pq.write_table(PARQUET[case](), tmp_path / "t.parquet", dictionary_pagesize_limit=64 * MB)
    assert (tmp_path / "t.parquet").stat().st_size < MB
    done = pitchpipe("prepare", "t.parquet", "-q", "--dry-run", *COLUMNS[:2], cwd=tmp_path)
    assert done.code == 1, done.said
    assert "t.parquet: " in done.said
    assert "unpacks to more than 1,000,000,000 bytes" in done.said
    assert done.peak < 1200 * MB


def test_a_parquet_row_that_is_too_long(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    texts = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0]), ["a", "b" * (70 * MB)])
    pq.write_table(pa.table({"text": texts}), path, dictionary_pagesize_limit=100 * MB)
    with pytest.raises(DataError, match=r"row 2: the row is longer than 67,108,864 bytes"):
        for _ in open_table(path).chunks():
            pass


def test_long_rows_of_parquet_come_in_short_chunks(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(_runs(40, "a" * (8 * MB)), path, dictionary_pagesize_limit=64 * MB)
    sizes = [len(chunk) for chunk in open_table(path).chunks()]
    assert sum(sizes) == 40
    assert max(sizes) * 2 * 8 <= 64


def test_markup_with_many_comments_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"<!---->" * 9000 + b"x")
    done = pitchpipe("prepare", "t.csv", "-q", cwd=tmp_path)
    assert done.code == 1, done.said


def test_a_line_of_bars_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_bytes(b"|" * 65_000)
    done = pitchpipe("prepare", "t.txt", "-q", "--dry-run", cwd=tmp_path)
    assert done.code == 1, done.said
    assert "unexpected" not in done.said
