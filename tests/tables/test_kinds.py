"""What a file is, is told by its content, whatever its name."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from typing import Any, get_args

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.config import InputKind
from pitchpipe.errors import DataError, UsageError
from pitchpipe.tables import open_table
from pitchpipe.tables.kinds import KINDS

Rows = list[dict[str, Any]]

TEXTS = st.text(st.sampled_from("abcé€ ,;|\t\"'\n{}[]:\u201c\u4f60"), min_size=1, max_size=12)
CELLS = TEXTS.map(lambda text: f"x{text}y")
COLUMNS = st.sampled_from([("text", "label"), ("prompt", "completion"), ("id", "Question", "tag")])
RECORDS = COLUMNS.flatmap(
    lambda names: st.lists(
        st.fixed_dictionaries(dict.fromkeys(names, CELLS)), min_size=3, max_size=6
    )
)
NAMES = [
    f"rows{ending}"
    for ending in (
        *("", ".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".jsonl.txt", ".data", ".log"),
        *(".xlsx", ".parquet", ".CSV", ".xls"),
    )
]


def delimited(mark: str, first: str = "", encoding: str = "utf-8") -> Callable[[Rows], bytes]:
    def write(records: Rows) -> bytes:
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, list(records[0]), delimiter=mark)
        writer.writeheader()
        writer.writerows(records)
        return (first + out.getvalue()).encode(encoding)

    return write


def workbook(records: Rows) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in (list(records[0]), *([record[name] for name in records[0]] for record in records)):
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def parquet(records: Rows) -> bytes:
    out = io.BytesIO()
    pd.DataFrame(records).to_parquet(out)
    return out.getvalue()


def lines(records: Rows) -> bytes:
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records).encode()


WRITERS: dict[str, Callable[[Rows], bytes]] = {
    "JSON lines": lines,
    "JSON lines in UTF-16": lambda rows: lines(rows).decode().encode("utf-16"),
    "JSON lines with commas": lambda rows: lines(rows).replace(b"}\n", b"},\n"),
    "JSON lines with a comment": lambda rows: b"// by hand\n" + lines(rows),
    "JSON lines, packed": lambda rows: gzip.compress(lines(rows)),
    "array": lambda rows: json.dumps(rows).encode(),
    "indented array": lambda rows: json.dumps(rows, indent=1).encode(),
    "array with a comma too much": lambda rows: json.dumps(rows)[:-1].encode() + b",\n]",
    "objects one after the other": lambda rows: b"\n".join(
        json.dumps(row, indent=2).encode() for row in rows
    ),
    "under a key": lambda rows: json.dumps({"version": 1, "examples": rows}).encode(),
    "under two keys": lambda rows: json.dumps({"data": {"train": rows}, "n": {}}).encode(),
    "by id": lambda rows: json.dumps({f"id{n}": row for n, row in enumerate(rows)}).encode(),
    "commas": delimited(","),
    "semicolons": delimited(";"),
    "tabs": delimited("\t"),
    "bars": delimited("|"),
    "sep=;": delimited(";", "sep=;\r\n"),
    "sep=, in quotes": delimited(",", '"sep=,"\r\n'),
    "Unicode Text": delimited("\t", encoding="utf-16"),
    "workbook": workbook,
    "Parquet": parquet,
}


ONE_LINE = ("under a key", "under two keys", "by id")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("kinds")


@pytest.mark.parametrize("kind", WRITERS)
@settings(max_examples=20, deadline=None)
@given(records=RECORDS, name=st.sampled_from(NAMES))
def test_records_of_any_kind_are_read_under_any_name(folder, records_of, kind, records, name):
    path = folder / name
    path.write_bytes(WRITERS[kind](records))
    table = open_table(path)
    if kind in ONE_LINE and name in ("rows.jsonl", "rows.ndjson"):
        # by the name it is one record, and that is said
        assert "--input-kind json" in table.notes[0]
        table = open_table(path, kind="json")
    assert [{k: v for k, v in r.items() if v != ""} for r in records_of(table)] == records


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(
        st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20), min_size=1
    )
)
def test_lines_are_texts_only_where_they_are_meant_as_nothing_else(folder, records_of, texts):
    path = folder / "texts.txt"
    path.write_text("\n".join(texts), encoding="utf-8")
    try:
        table = open_table(path)
        found = [record.get("prompt") for record in records_of(table)]
    except DataError as error:
        said = str(error)
    else:
        said = " ".join(table.notes) if found != texts else str(path)
    assert path.name in said
    forced = open_table(path, kind="lines")
    assert [record["prompt"] for record in records_of(forced)] == texts


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a", "a.data"])
def test_a_conflict_between_name_and_content_is_one_note(save, name):
    table = open_table(save(name, '{"a": 1}\n{"a": 2}\n'))
    [note] = table.notes
    assert note.startswith(name)
    assert "holds JSON lines" in note


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "text,label\nx,y\n"),
        ("a.csv", "text;label\nx;y\n"),
        ("a.tsv", "text\tlabel\nx\ty\n"),
        ("a.txt", "one\ntwo\n"),
        ("a.json", '[{"a": 1}]'),
        ("a.jsonl", '{"a": 1}\n'),
        ("a.ndjson", '{"a": 1}\n'),
    ],
)
def test_where_name_and_content_agree_nothing_is_said(save, name, content):
    assert open_table(save(name, content)).notes == ()


PROSE = {
    "commas": "Dear Ann, hello\nI came, I saw\nAnd then, of course, I left\n",
    "the same number of commas": "Well, yes\nSo, it rained\nThen, we left\n",
    "tabs inside": "one\ttwo\nthree\n",
    "brackets": "[Intro] hello\n[Verse 1] world\n[12:30] bye\n",
    "braces": "{name} says hi\nand {name} leaves\n",
    "wiki links": "[[Home]] is here\nand [[Away]] there\n",
    "a quote": '"Hello," she said\nand left\n',
}


@pytest.mark.parametrize("content", PROSE.values(), ids=PROSE)
def test_prose_stays_lines(save, records_of, content):
    table = open_table(save("a.txt", content))
    assert [record["prompt"] for record in records_of(table)] == content.splitlines()


RAGGED = {
    "a cell too many": "prompt,completion\na,b\nc,d, e\nf,g\n",
    "a quote that stays open": 'prompt,completion\na,b\n"c,d\ne,f\n',
    "a cell too few": "Text\tLabel\na\tb\nc\nd\te\n",
}


@pytest.mark.parametrize("content", RAGGED.values(), ids=RAGGED)
@pytest.mark.parametrize("name", ["a.txt", "a", "a.jsonl"])
def test_a_damaged_row_makes_no_prose_of_a_table(save, name, content):
    with pytest.raises(DataError, match="line 3"):
        list(open_table(save(name, content)).chunks())


def test_prose_in_one_column_stays_csv(save, records_of):
    table = open_table(save("a.csv", "text\nIt rains; it pours\nIt is dry\n"))
    assert records_of(table) == [{"text": "It rains; it pours"}, {"text": "It is dry"}]


def test_cells_between_tabs_without_a_header_are_neither_columns_nor_texts_unasked(
    save, records_of
):
    content = "ham\tGo until jurong point\nspam\tFree entry!\nham\tOk lar\n"
    path = save("a.txt", content)
    with pytest.raises(DataError, match=r"2 parts with a tab.*--input-kind lines"):
        open_table(path)
    assert len(records_of(open_table(path, kind="lines"))) == 3
    assert open_table(path, kind="tsv").columns == ["ham", "Go until jurong point"]
    with pytest.raises(DataError, match=r"unknown kind.*--input-kind tsv"):
        open_table(save("a", content))


def test_cells_between_commas_without_a_header_are_texts_and_said_to_be(save, records_of):
    table = open_table(save("a.txt", "ham,Go until jurong!\nspam,Free entry!\nham,Ok lar!\n"))
    assert len(records_of(table)) == 3
    assert "--input-kind csv" in table.notes[0]


@pytest.mark.parametrize(
    ("first", "line"),
    [('{“prompt": "a", "completion": "b"}', 1), ('{"prompt": "a", "completion": b}', 1)],
)
def test_damaged_json_lines_are_not_texts(save, records_of, first, line):
    path = save("a.txt", first + "\n" + '{"prompt": "c", "completion": "d"}\n' * 5)
    with pytest.raises(DataError, match=f"line {line}, column .*--input-kind lines"):
        list(open_table(path).chunks())
    assert len(records_of(open_table(path, kind="lines"))) == 6


@pytest.mark.parametrize("at", [0, 3, 40])
def test_a_json_object_among_texts_is_refused(save, records_of, at):
    texts = ["it rains"] * 41
    texts[at] = '{"prompt": "a", "completion": "b"}'
    path = save("a.txt", "\n".join(texts))
    with pytest.raises(DataError, match=r"line \d+.*--input-kind lines"):
        list(open_table(path).chunks())
    assert len(records_of(open_table(path, kind="lines"))) == 41


def test_a_json_object_far_below_texts_is_refused(save):
    path = save("a.txt", "it rains\n" * 20_000 + '{"prompt": "a"}\n')
    with pytest.raises(DataError, match="line 20001 looks like a JSON object"):
        list(open_table(path).chunks())


def test_kinds_of_the_configuration_are_those_of_tables():
    assert get_args(InputKind) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_given_kind_is_obeyed_or_an_error_that_says_what_is_wrong(save, kind):
    path = save("a.txt", '{"a": "b, c"}\n{"a": "d, e"}\n')
    columns = {
        "jsonl": ["a"],
        "json": ["a"],
        "lines": ["prompt"],
        "tsv": ['{"a": "b, c"}'],
        "csv": ['{"a": "b', 'c"}'],
    }
    if kind in columns:
        table = open_table(path, kind=kind)
        assert table.columns == columns[kind]
        assert not any("is called" in note or "holds" in note for note in table.notes)
    else:
        with pytest.raises(DataError, match=r"a\.txt: "):
            list(open_table(path, kind=kind).chunks())


def test_text_kinds_of_a_binary_file_are_refused(save):
    path = save("a.parquet", parquet([{"a": "b"}]))
    for kind in ("csv", "tsv", "lines", "json", "jsonl"):
        with pytest.raises(DataError, match=f"holds Parquet data, which --input-kind {kind} "):
            open_table(path, kind=kind)
    with pytest.raises(DataError, match="not an Excel workbook"):
        open_table(path, kind="xlsx")


def test_an_unknown_kind_is_refused(save):
    with pytest.raises(UsageError, match=r"unknown kind of file 'yaml'\. Expected one of jsonl"):
        open_table(save("a.csv", "a\n1\n"), kind="yaml")  # type: ignore[arg-type]


def test_a_file_that_is_called_compressed_and_is_not(save, records_of):
    path = save("a.csv.gz", "text,label\nx,y\n")
    with pytest.raises(DataError, match=r"damaged or cut short.*take \.gz off its name"):
        open_table(path)
    assert records_of(open_table(path, kind="csv")) == [{"text": "x", "label": "y"}]


def test_by_name_goes_by_the_name(save, records_of):
    path = save("a.txt", '{"a": 1}\n')
    assert records_of(open_table(path, by_name=True)) == [{"prompt": '{"a": 1}'}]
    for name in ("a", "a.ndjson"):
        with pytest.raises(DataError, match="unknown kind of file"):
            open_table(save(name, '{"a": 1}\n'), by_name=True)
    assert open_table(save("a.csv", " a ,b\n1,2\n"), by_name=True).columns == [" a ", "b"]


SHEETS = {
    "sep=; in quotes": ('"sep=;"\na;b\n1;2\n', {"a": "1", "b": "2"}),
    "sep=\\t": ("sep=\\t\r\na\tb\r\n1\t2\r\n", {"a": "1", "b": "2"}),
    "a tab after sep=": ("sep=\t\na\tb\n1\t2\n", {"a": "1", "b": "2"}),
    "commas in a header with semicolons": (
        "Name, first;Text\nAnn, B;1,5\nC;x\n",
        {"Name, first": "Ann, B", "Text": "1,5"},
    ),
    "blanks around names": (" text , label \n a , b \n", {"text": " a ", "label": " b "}),
    "rows that end in carriage returns": ('a,b\r"x\ny",2\r', {"a": "x\ny", "b": "2"}),
    "Ctrl-Z after the end": ("a,b\n1,2\n\x1a", {"a": "1", "b": "2"}),
    "Ctrl-Z at the end of the last row": ("a,b\n1,2\x1a\r\n", {"a": "1", "b": "2"}),
}


@pytest.mark.parametrize(("content", "record"), SHEETS.values(), ids=SHEETS)
def test_what_spreadsheets_write(save, records_of, content, record):
    table = open_table(save("a.csv", content))
    assert records_of(table)[0] == record
    assert [r for segment in table.segments() for c in segment.chunks() for r in c.index] == [
        place for chunk in table.chunks() for place in chunk.index
    ]


def test_ctrl_z_is_left_out_of_pieces_and_said(save):
    table = open_table(save("a.jsonl", '{"a": 1}\n{"a": 2}\n\x1a'))
    assert sum(len(c) for segment in table.segments() for c in segment.chunks()) == 2
    assert "Ctrl-Z" in table.notes[0]
    inside = open_table(save("a.txt", "one\x1a\ntwo\n"))
    assert inside.notes == ()


def test_backslashes_before_quotes_are_refused_by_what_they_are(save):
    path = save("a.csv", 'text,label\n"he said \\"no\\" to me",a\n')
    with pytest.raises(DataError, match=r"line 2: a quote inside a cell is written as \\"):
        list(open_table(path).chunks())


def test_line_ends_of_several_kinds_are_read_in_json_lines(save, records_of, places_of):
    path = save("a.jsonl", '{"a": 1}\r{"a": 2}\r\n{"a": 3}\n{"a": 4}')
    table = open_table(path)
    assert [record["a"] for record in records_of(table)] == [1, 2, 3, 4]
    assert places_of(table) == [1, 2, 3, 4]
    assert "end in several ways" in table.notes[0]
