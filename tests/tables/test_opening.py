from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import tempfile
from pathlib import Path

import pytest

from pitchpipe.errors import DataError, UsageError
from pitchpipe.tables import open_table
from pitchpipe.tables.identity import SourceFile


@pytest.fixture
def without_rights():
    """A block that runs without the rights of the superuser, who may read everything."""

    @contextlib.contextmanager
    def drop():
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(user)

    return drop


def test_a_missing_file_is_an_error_with_the_close_match(save, tmp_path):
    save("reviews.csv", "a\n1\n")
    with pytest.raises(DataError, match=r"review\.csv: no such file.*reviews\.csv"):
        open_table(tmp_path / "review.csv")
    with pytest.raises(DataError, match=r"other\.tsv: no such file\. Check"):
        open_table(str(tmp_path / "other.tsv"))
    with pytest.raises(DataError, match="Nor is there a folder"):
        open_table(tmp_path / "nowhere" / "a.csv")


def test_a_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="is a folder"):
        open_table(tmp_path)


def test_a_pipe_is_an_error(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(DataError, match="cannot be read twice"):
        open_table(tmp_path / "a.csv")


@pytest.mark.parametrize("name", ["a.xls", "a", "a.gz", "a.xlsx.gz", "a.csv.zip"])
def test_an_unknown_kind_is_an_error_that_names_the_known(save, name):
    with pytest.raises(DataError, match=r"unknown kind.*\.csv, .*\.jsonl .*\.gz.*\.parquet"):
        open_table(save(name, "x"))


def test_a_name_too_long_is_an_error(tmp_path):
    with pytest.raises(DataError, match=os.strerror(errno.ENAMETOOLONG)):
        open_table(tmp_path / ("a" * 300 + ".csv"))


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.xlsx", "a.parquet"])
def test_a_file_without_permission_is_an_error(name, without_rights):
    # everybody may pass through the folder, so that it is the file that is refused
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / name
        path.write_text("a\n1\n")
        path.chmod(0)
        with without_rights(), pytest.raises(DataError, match=os.strerror(errno.EACCES)):
            open_table(path)


def test_a_folder_without_permission_is_an_error(save, tmp_path, without_rights):
    path = save("a.csv", "a\n1\n")
    tmp_path.chmod(0)
    try:
        with without_rights(), pytest.raises(DataError, match=os.strerror(errno.EACCES)):
            open_table(path)
    finally:
        tmp_path.chmod(0o700)


def test_chunk_rows_must_be_positive(save):
    with pytest.raises(UsageError, match="chunk_rows must be 1 or more; found 0"):
        open_table(save("a.csv", "a\n1\n"), chunk_rows=0)


def test_the_fingerprint_is_that_of_the_bytes(save):
    content = b"\xef\xbb\xbfa\n1\n"
    path = save("a.csv", content)
    assert open_table(path).fingerprint() == hashlib.sha256(content).hexdigest()


def test_a_file_that_went_away_is_an_error(save):
    path = save("a.csv", "a\n1\n")
    table = open_table(path)
    path.unlink()
    with pytest.raises(DataError, match=os.strerror(errno.ENOENT)):
        table.fingerprint()
    with pytest.raises(DataError, match=os.strerror(errno.ENOENT)):
        list(table.chunks())


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that fails to read")
def test_a_disk_that_fails_is_an_error(save, monkeypatch):
    path = save("a.csv", "a\n1\n")
    table = open_table(path)
    monkeypatch.setattr(SourceFile, "open", lambda _: io.FileIO("/proc/self/mem"))
    with pytest.raises(DataError, match=os.strerror(errno.EIO)):
        list(table.chunks())


def test_chunks_can_be_read_again_and_left_early(save):
    table = open_table(save("a.csv", "a\n1\n2\n3\n"), chunk_rows=2)
    next(iter(table.chunks()))
    for _ in range(2):
        assert [chunk.index.tolist() for chunk in table.chunks()] == [[2, 3], [4]]
