from __future__ import annotations

import bz2
import gzip
import lzma

import pandas as pd
import pytest

from pitchpipe.errors import DataError, UsageError
from pitchpipe.tables import open_table


def test_a_chunk_has_object_columns_and_lines_as_index(save):
    table = open_table(save("rows.v2.csv", "text,tag\nfine,3\nbad,\n"))
    [chunk] = table.chunks()
    expected = pd.DataFrame(
        [["fine", "3"], ["bad", None]],
        columns=pd.Index(["text", "tag"], dtype=object),
        index=pd.Index([2, 3], name="line"),
        dtype=object,
    )
    pd.testing.assert_frame_equal(chunk, expected)
    assert (table.name, table.unit, table.columns) == ("rows.v2", "line", ["text", "tag"])


def test_cells_of_csv_stay_the_text_that_they_are(save, records_of):
    cells = ["007", "1e5", "NA", "null", "True", " x ", "nan", "-0"]
    table = open_table(save("a.csv", "a\n" + "\n".join(cells)))
    assert [record["a"] for record in records_of(table)] == cells


def test_lines_count_breaks_inside_cells_and_blank_lines(save, places_of, records_of):
    table = open_table(save("a.csv", '\na,b\r\n"x\r\n\r\ny",1\r\n\r\n  \r\n"",2\r\n3,4'))
    assert places_of(table) == [3, 8, 9]
    assert records_of(table) == [{"a": "x\r\n\r\ny", "b": "1"}, {"b": "2"}, {"a": "3", "b": "4"}]


def test_a_single_column_keeps_empty_and_blank_cells(save, places_of):
    table = open_table(save("a.csv", 'a\n""\n \n\nb\n'))
    [chunk] = table.chunks()
    assert chunk["a"].tolist() == [None, " ", "b"]
    assert places_of(table) == [2, 3, 5]


@pytest.mark.parametrize("mark", [";", "\t"])
def test_a_header_without_comma_shows_the_delimiter(save, records_of, mark):
    table = open_table(save("a.csv", f'"a,1"{mark}b\n1,5{mark}x\n'))
    assert records_of(table) == [{"a,1": "1,5", "b": "x"}]


def test_a_header_may_have_marks_and_breaks_inside_quotes(save, records_of, places_of):
    table = open_table(save("a.csv", '"a;\nb",c\n1,2\n'))
    assert records_of(table) == [{"a;\nb": "1", "c": "2"}]
    assert places_of(table) == [3]


def test_tsv_is_split_at_tabs_only(save, records_of):
    assert records_of(open_table(save("a.tsv", "a;b\tc\n1,2\t3\n"))) == [{"a;b": "1,2", "c": "3"}]


def test_carriage_returns_end_lines_where_there_is_no_line_feed(save, records_of, places_of):
    table = open_table(save("a.csv", "a,b\r1,2\r3,4"))
    assert records_of(table) == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert places_of(table) == [2, 3]


def test_a_text_file_is_a_prompt_a_line(save, records_of, places_of):
    table = open_table(save("a.txt", "one\r\n\n two\u2028\x85three \n"))
    assert records_of(table) == [{"prompt": "one"}, {"prompt": " two\u2028\x85three "}]
    assert places_of(table) == [1, 3]
    assert table.columns == ["prompt"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_encodings_are_recognised(save, records_of, encoding):
    table = open_table(save("a.csv", "text,tag\nété \U0001f600,é\n".encode(encoding)))
    assert records_of(table) == [{"text": "été \U0001f600", "tag": "é"}]


def test_an_encoding_can_be_given(save, records_of):
    path = save("a.csv", "text\nété\n".encode("latin-1"))
    assert records_of(open_table(path, encoding="latin-1")) == [{"text": "été"}]


@pytest.mark.parametrize(
    ("ending", "pack"), [("GZ", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)]
)
def test_compressed_text_reads_like_the_text(save, records_of, ending, pack):
    table = open_table(save(f"Rows.CSV.{ending}", pack(b"a,b\n1,2\n")))
    assert records_of(table) == [{"a": "1", "b": "2"}]
    assert table.name == "Rows"


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.jsonl", "a.json"])
def test_a_cell_of_ten_megabytes_is_read(save, name):
    cell = "é" * 5_000_000
    content = {
        "a.csv": f'prompt\n"{cell}"\n',
        "a.txt": cell,
        "a.jsonl": f'{{"prompt": "{cell}"}}\n',
        "a.json": f'[{{"prompt": "{cell}"}}]',
    }
    [chunk] = open_table(save(name, content[name])).chunks()
    assert chunk["prompt"].tolist() == [cell]


def test_characters_across_the_edges_of_blocks_are_whole(save):
    text = "".join(f"{'x' * (n % 7)}\U0001f600é\n" for n in range(150_000))
    chunks = open_table(save("a.txt", text)).chunks()
    assert "".join(f"{line}\n" for chunk in chunks for line in chunk["prompt"]) == text


def test_a_column_without_a_name_is_called_as_pandas_calls_it(save):
    table = open_table(save("a.csv", "a,,b,\n1,2,3,4\n"))
    assert table.columns == ["a", "Unnamed: 1", "b", "Unnamed: 3"]


BROKEN = {
    "empty": ("a.csv", b"", "a.csv: is empty"),
    "blank": ("a.csv", b"\n \n", "holds only blank lines"),
    "mark only": ("a.txt", b"\xef\xbb\xbf", "no rows"),
    "header only": ("a.csv", b"a,b\n\n", r"a.csv: no rows below the header \(a, b\)"),
    "short row": ("a.csv", b"a,b\n1,2\n3\n", "line 3 has 1 field, but .* 2 columns"),
    "long row": ("a.tsv", b"a\tb\n\n1\t2\t3\n", "line 3 has 3 fields.* a tab"),
    "one name twice": ("a.csv", b"a,b,a\n1,2,3\n", "line 1: columns 1 and 3 .*'a'"),
    "open quote": ("a.csv", b'a,b\n"x\ny","1"\n2,"open\n3,4\n', "line 4: the quote .* closed"),
    "closed by the next": (
        "a.csv",
        b'a,b\n"x""\n",1\n2,"open\n3,"4"\n',
        "line 5: '4' follows .* line 4. Expected a comma",
    ),
    "text after a quote": ("a.csv", b'a;b\n"x" y;1\n', "line 2: ' ' follows .* a semicolon"),
    "return in a line": ("a.csv", b'a,b\n"1",x\ry\n', "line 2: a carriage return"),
    "no line feed, open quote": ("a.csv", b'a,b\r1,2\r3,"4\r', "line 3: the quote"),
    "latin-1": (
        "a.csv",
        "text\nfine\né\n".encode("latin-1"),
        "line 3: the byte 0xE9 at offset 10 is not valid UTF-8.*save .*encoding",
    ),
    "cut character": ("a.txt", "a\né".encode()[:-1], "line 2: the byte 0xC3 at offset 2"),
    "half a pair": ("a.txt", "a\n\n".encode("utf-16") + b"\0\xd8", "line 3: .* UTF-16-LE"),
    "zero byte": ("a.csv", b"a,b\n1,2\n3,\x004\n", "line 3 holds a NUL byte"),
    "cut gzip": ("a.txt.gz", gzip.compress(b"hello\n")[:-9], "damaged or cut short"),
    "cut bz2": ("a.txt.bz2", bz2.compress(b"hello\n")[:-9], "damaged or cut short"),
    "not bz2": ("a.txt.bz2", b"hello", "damaged or cut short"),
    "cut xz": ("a.txt.xz", lzma.compress(b"hello\n")[:-9], "damaged or cut short"),
    "not xz": ("a.txt.xz", b"hello", "damaged or cut short"),
    "not gzip": ("a.txt.gz", b"hello", "damaged or cut short"),
    "bad deflate": ("a.txt.gz", gzip.compress(b"")[:10] + b"\xff" * 20, "damaged or cut short"),
    "late latin-1 in gzip": (
        "a.txt.gz",
        gzip.compress(b"x" * 99 + b"\n" + b"y\n" * 600_000 + b"\xe9"),
        "line 600002: .* offset 1200100 of the uncompressed",
    ),
}


@pytest.mark.parametrize(("name", "content", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_an_error_that_says_where(save, name, content, message):
    path = save(name, content)
    with pytest.raises(DataError, match=message) as caught:
        list(open_table(path).chunks())
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-9", "hex", "a\0b"])
def test_an_unknown_encoding_is_refused(save, encoding):
    with pytest.raises(UsageError, match="unknown encoding"):
        open_table(save("a.txt", "x"), encoding=encoding)
