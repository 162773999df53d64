"""Malformed files of every kind through ``prepare``: a refusal is one line, and leaves nothing.

``PITCHPIPE_FUZZ_EXAMPLES`` sets how many files each test makes.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import lzma
import os
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzzing.damage import damage
from pitchpipe.cli import main
from pitchpipe.tables import text

EXAMPLES = int(os.environ.get("PITCHPIPE_FUZZ_EXAMPLES", "150"))
EARLIER = "an earlier preparation\n"

KINDS = ("csv", "tsv", "txt", "json", "jsonl", "xlsx", "parquet")
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}
ENDS = ("\n", "\r\n", "\r", "\n\r", "\n\n", "\u2028", "\x85", "\x0b")
_DATE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?")

Rows = list[dict[str, Any]]

tricky = st.sampled_from(
    [
        "",
        " ",
        "a",
        "pos",
        "neg",
        "\x00",
        "\ud800",
        "\U0001f600",
        '"',
        "a\nb",
        "a\r\nb",
        "=1+1",
        "a,b",
        "\n\n###\n\n",
        " ->",
        "<|endoftext|>",
        "A" * 300,
        "\ufeff",
        "\u2028",
        "\x1b[31m",
        "\u0130",
    ]
)
texts = tricky | st.text(max_size=12)
scalars = st.one_of(
    texts,
    st.none(),
    st.booleans(),
    st.integers() | st.sampled_from([2**63, 2**64, -(2**70), 10**400]),
    st.floats() | st.sampled_from([1e308, -0.0, 5e-324]),
)
values = st.one_of(
    texts,
    st.recursive(
        scalars,
        lambda v: st.lists(v, max_size=3) | st.dictionaries(texts, v, max_size=3),
        max_leaves=6,
    ),
)
messages = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "assistant", "tool", "x"]) | values},
        optional={"content": values, "weight": values, "tool_calls": values, "name": values},
    )
    | values,
    max_size=4,
)
names = st.sampled_from(
    [
        "prompt",
        "completion",
        "Prompt",
        "COMPLETION",
        "text",
        "label",
        "messages",
        "input",
        "tools",
        "preferred_output",
        "non_preferred_output",
        "group",
        "",
        " ",
        "weight",
        "__index_level_0__",
    ]
) | st.text(max_size=5)
pairs = st.fixed_dictionaries({"prompt": values, "completion": values})
chats = st.fixed_dictionaries({"messages": messages | values}, optional={"tools": values})
rows = st.one_of(
    st.lists(pairs | st.dictionaries(names, values, max_size=4), max_size=6),
    st.lists(chats, max_size=5),
    st.lists(pairs | chats, max_size=5),
    st.lists(
        st.fixed_dictionaries({"prompt": texts, "completion": st.sampled_from("ab")}),
        min_size=12,
        max_size=20,
    ),
)


def _written(kind: str, records: Rows, end: str) -> bytes:
    """A file of a kind that holds some records, more or less."""
    columns = list(dict.fromkeys(key for record in records for key in record))
    if kind == "xlsx":
        return _workbook(columns, records)
    if kind == "parquet":
        return _parquet(columns, records)
    if kind == "jsonl":
        lines = [_json(record) for record in records]
    elif kind == "json":
        lines = [_json(records)]
    elif kind == "txt":
        lines = [str(value) for record in records for value in record.values()]
    else:
        mark = "," if kind == "csv" else "\t"
        lines = [mark.join(map(_cell, columns))]
        lines += [mark.join(_cell(v) for v in record.values()) for record in records]
    return end.join([*lines, ""]).encode("utf-8", "surrogatepass")


def _json(value: object) -> str:
    with contextlib.suppress(ValueError):  # a number of too many digits
        return json.dumps(value, ensure_ascii=len(str(value)) % 2 == 0)
    return "{}"


def _cell(value: object) -> str:
    shown = "" if value is None else str(value) if not isinstance(value, int) else hex(value)
    return '"' + shown.replace('"', '""') + '"' if set(shown) & set('",\t\r\n') else shown


def _workbook(columns: list[str], records: Rows) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (columns, *([record.get(name) for name in columns] for record in records)):
        sheet.append([_in_sheet(value) for value in row])
    if len(records) % 2:
        book.create_sheet("more").append(["x"])
    out = io.BytesIO()
    book.save(out)
    return _timeless(out.getvalue())


def _timeless(book: bytes) -> bytes:
    """A workbook without the time it was saved at, so that it is the same in every run."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            target.writestr(
                zipfile.ZipInfo(name), _DATE.sub(b"2026-01-01T00:00:00Z", source.read(name))
            )
    return out.getvalue()


def _in_sheet(value: object) -> object:
    if isinstance(value, bool | None) or (isinstance(value, int) and abs(value) < 2**53):
        return value
    kept = str(value) if not isinstance(value, int) else hex(value)
    return (
        "".join(c for c in kept if c.isprintable() or c in "\t\n")
        .encode("utf-8", "replace")
        .decode()
    )


def _parquet(columns: list[str], records: Rows) -> bytes:
    arrays = []
    for name in columns:
        cells = [record.get(name) for record in records]
        try:
            arrays.append(pa.array(cells))
        except (pa.ArrowException, UnicodeError, OverflowError):
            arrays.append(pa.array([repr(cell).encode() for cell in cells]))
    out = io.BytesIO()
    readable = [name.encode("utf-8", "replace").decode() for name in columns]
    try:
        pq.write_table(pa.table(arrays, names=readable), out)
    except pa.ArrowException:
        return b"PAR1 PAR1"
    return out.getvalue()


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes]:
    """A name and what a file of that name holds."""
    kind = draw(st.sampled_from(KINDS))
    packer = draw(st.sampled_from(["", "", "", *PACKERS]))
    if draw(st.integers(0, 9)) == 0:
        data = draw(st.binary(max_size=200))
    else:
        data = _written(kind, draw(rows), draw(st.sampled_from(ENDS)))
        encoding = draw(st.sampled_from([None] * 5 + ["utf-16", "utf-16-le", "utf-32", "cp1252"]))
        if encoding and kind not in ("xlsx", "parquet"):
            data = data.decode("utf-8", "replace").encode(encoding, "replace")
    data = draw(damage(data))
    if draw(st.booleans()) or packer == "":
        data = PACKERS[packer](data)
    if packer:
        data = draw(damage(data))
    shown = draw(st.sampled_from([kind] * 6 + [*KINDS, "CSV", "xls", ""]))
    return f"table.{shown}{packer}", data


def _check(folder: Path, name: str, data: bytes, profile: str, *words: str) -> None:
    """Prepares the file, and checks what that leaves, on disk and on the terminal."""
    source, out = folder / name, folder / "out"
    source.write_bytes(data)
    out.mkdir()
    earlier = out / "table_prepared_train.jsonl"
    earlier.write_text(EARLIER)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        words = ("prepare", str(source), "-q", "--profile", profile, "--out-dir", str(out), *words)
        code = main(words)
    told = said.getvalue()
    assert code in (0, 1, 2), told
    assert "unexpected " not in told, told
    assert "Traceback" not in told, told
    assert source.read_bytes() == data
    assert set(os.listdir(folder)) == {name, "out"}
    left = {path.name for path in out.iterdir()}
    if code:
        assert left == {earlier.name}, told
        assert earlier.read_text() == EARLIER
        assert "pitchpipe: error: " in told
    else:
        _check_output(out, left, earlier.name)


def _check_output(out: Path, left: set[str], earlier: str) -> None:
    expected = {earlier}
    if "table_prepared.json" in left:
        manifest = json.loads((out / "table_prepared.json").read_bytes())
        expected |= {"table_prepared.json"}
        expected |= {manifest["changes"]["file"]} if manifest["changes"] else set()
        for side in filter(None, (manifest["train"], manifest["valid"])):
            expected.add(side["file"])
            lines = (out / side["file"]).read_bytes().splitlines()
            assert [type(json.loads(line)) for line in lines] == [dict] * side["rows"]
    assert left == expected


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are cut into pieces of a few bytes, so that small ones have several."""
    monkeypatch.setattr(text, "_BLOCK", 64)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


fuzz = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@fuzz
@given(files(), st.sampled_from(["article", "legacy"]))
def test_a_malformed_file(file: tuple[str, bytes], profile: str) -> None:
    with _folder() as folder:
        _check(folder, *file, profile)


@fuzz
@given(files(), st.sampled_from(["article", "legacy"]))
@pytest.mark.usefixtures("small_pieces")
def test_a_malformed_file_of_many_pieces(file: tuple[str, bytes], profile: str) -> None:
    with _folder() as folder:
        _check(folder, *file, profile, "--set", "engine.workers=1")
