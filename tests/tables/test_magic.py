"""Files of other programs are refused by what they are, whatever their name."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import tarfile
import zipfile

import numpy as np
import pandas as pd
import pytest

from pitchpipe.errors import DataError
from pitchpipe.tables import open_table

FRAME = pd.DataFrame({"prompt": ["a"], "completion": ["b"]})


def zipped(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "/", 1).replace("_", "."), content)
    return out.getvalue()


def written(write) -> bytes:
    out = io.BytesIO()
    write(out)
    return out.getvalue()


def database(path) -> bytes:
    connection = sqlite3.connect(path)
    connection.execute("create table t (a)")
    connection.commit()
    connection.close()
    return path.read_bytes()


def archived() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))
    return out.getvalue()


CONTENTS = {
    "old Office document": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
    "PDF document": b"%PDF-1.7\n%\xe2\xe3\n",
    "Word document": zipped(word_document_xml="<w/>"),
    "OpenDocument spreadsheet": zipped(
        mimetype="application/vnd.oasis.opendocument.spreadsheet", content_xml=""
    ),
    r"binary Excel workbook \(.xlsb\)": zipped(xl_workbook_bin=""),
    "zip archive that holds a/csv": zipped(a_csv="text,label\n"),
    "NumPy arrays": written(lambda out: np.savez(out, a=np.arange(3))),
    "NumPy array": written(lambda out: np.save(out, np.arange(3))),
    "Python pickle": pickle.dumps(FRAME.to_dict()),
    "Arrow or Feather file": written(FRAME.to_feather),
    "ORC file": written(FRAME.to_orc),
    "Zstandard": b"\x28\xb5\x2f\xfd\x04\0",
    "7-Zip": b"7z\xbc\xaf\x27\x1c\0",
    "tar archive": archived(),
    "image": b"\x89PNG\r\n\x1a\n\0\0",
    "sound": b"RIFF\0\0\0\0WAVEfmt ",
    "program": b"\x7fELF\x02\x01",
    "HDF5": b"\x89HDF\r\n\x1a\n",
    "safetensors": b"\x40\0\0\0\0\0\0\0" + b'{"__metadata__":{}}',
    "GGUF": b"GGUF\x03\0\0\0",
    "HTML page": b"\n<!DOCTYPE html>\n<html><body>404</body></html>\n",
    "XML document": b'<?xml version="1.0"?>\n<rows><row/></rows>\n',
    "RTF document": b"{\\rtf1\\ansi\\ansicpg1252\n{\\fonttbl}\nhello}\n",
    "table drawn with dashes and bars": b"| text | label |\r\n|:---|---:|\r\n| a b | x |\r\n",
    "drawn with dashes and bars, as in Markdown": b" text | label \n------+------\n a b  | x\n",
    "with dashes and bars": b"+------+---+\n| text | a |\n+------+---+\n| b c  | x |\n",
    "training data of fastText": b"__label__good I like it\n__label__bad I do not\n",
    "Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
}


@pytest.mark.parametrize("name", ["a", "a.csv", "a.txt", "a.jsonl", "a.data"])
@pytest.mark.parametrize("what", CONTENTS)
def test_what_is_no_table_is_refused_by_what_it_is(save, what, name):
    path = save(name, CONTENTS[what])
    with pytest.raises(
        DataError, match=f"is (an? |data |sound)?.*{what}.*Expected .*\\."
    ) as caught:
        open_table(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_database_is_refused(save, tmp_path):
    with pytest.raises(DataError, match="is an SQLite database"):
        open_table(save("b.csv", database(tmp_path / "a.db")))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_text_is_told_by_its_bytes(save, records_of, pack):
    table = open_table(save("a.csv", pack(b"a,b\n1,2\n")))
    assert records_of(table) == [{"a": "1", "b": "2"}]
    assert "is compressed by" in table.notes[0]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (written(FRAME.to_parquet), "compressed Parquet"),
        (archived(), "tar archive"),
        (gzip.compress(b"a\n"), "compressed twice"),
        (zipped(a_csv="x"), "compressed zip archive"),
    ],
    ids=["parquet", "tar", "gzip", "zip"],
)
def test_what_is_packed_inside_is_told(save, content, what):
    with pytest.raises(DataError, match=what):
        open_table(save("a.csv.gz", gzip.compress(content)))


@pytest.mark.parametrize("what", ["table drawn with dashes and bars", "training data of fastText"])
def test_drawn_tables_and_labelled_lines_are_texts_when_the_kind_says_so(save, records_of, what):
    path = save("a.txt", CONTENTS[what])
    with pytest.raises(DataError, match="pass --input-kind lines"):
        open_table(path)
    assert len(records_of(open_table(path, kind="lines"))) == len(CONTENTS[what].splitlines())


@pytest.mark.parametrize(
    "text", ["Home | About\n------------\nWe sell\n", "text|label\n-|-\na|b\n", "a|b\n|-x|\nc|d\n"]
)
def test_texts_with_bars_and_dashes_are_read(save, text):
    assert open_table(save("a.txt", text)).has_rows()


@pytest.mark.parametrize(
    "first", ["PARENTS", "ORCA", "BZhang", "MZ", "Obj", "LZIP", "FEA1", "ID3", "GGUF", "PK", "II*"]
)
def test_texts_that_begin_like_other_formats_are_texts(save, records_of, first):
    table = open_table(save("a.csv", f"{first},label\nx,y\n"))
    assert records_of(table) == [{first: "x", "label": "y"}]


def test_an_encoding_for_a_binary_file_is_said_to_be_ignored(tmp_path):
    FRAME.to_parquet(tmp_path / "a.parquet")
    [note] = open_table(tmp_path / "a.parquet", encoding="cp1252").notes
    assert "--encoding cp1252 is ignored" in note


def test_json_lines_under_a_workbook_name(save, records_of):
    table = open_table(save("a.ods", json.dumps({"a": 1}) + "\n" + json.dumps({"a": 2})))
    assert records_of(table) == [{"a": 1}, {"a": 2}]
