"""Names that no file can have, and things that are no files, where a file or folder is expected."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pitchpipe.cli import main
from pitchpipe.config import Config
from pitchpipe.errors import DataError, PitchpipeError
from pitchpipe.pipeline import Pipeline

COLUMNS = ("--prompt-column", "text", "--completion-column", "tag")


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A good table, in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "t.csv"
    rows = "".join(f"row {n} of a film,{'pn'[n % 2]}\n" for n in range(40))
    path.write_text(f"text,tag\n{rows}")
    return path


NAMES = {
    "a NUL": "a\0b",
    "half a surrogate pair": "a\ud800",
    "a name that is too long": "a" * 300,
}
SOURCES: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a link to nothing": lambda path: path.symlink_to("gone"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "an empty file": Path.touch,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_table_of_such_a_name(table: Path, name: str) -> None:
    for source in (f"{NAMES[name]}.csv", table.parent / f"{NAMES[name]}.csv"):
        with pytest.raises(DataError, match="Expected"):
            Pipeline.from_config(Config()).prepare(source)


@pytest.mark.parametrize("kind", SOURCES)
def test_what_is_no_table(table: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    SOURCES[kind](table.with_name("other.csv"))
    for words in (["prepare", "other.csv", "-q"], ["run", "other.csv"], ["train", "other.csv"]):
        assert main(words) == 1
        said = capsys.readouterr().err
        assert "pitchpipe: error: other.csv: " in said
        assert "unexpected" not in said


def test_devices(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("/dev/zero", "/dev/null", f"{table}/x"):
        assert main(["prepare", name, "-q"]) == 1
        assert f"pitchpipe: error: {name}: " in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_folders_of_such_a_name(table: Path, name: str) -> None:
    pipeline = Pipeline.from_config(Config())
    for folder in (NAMES[name], f"{NAMES[name]}/inside", f"inside/{NAMES[name]}"):
        for make in (pipeline.prepare, pipeline.run):
            with pytest.raises(PitchpipeError, match=r"cannot be the name|File name too long"):
                make(table, folder)
    assert [entry.name for entry in table.parent.iterdir()] == ["t.csv"]


@pytest.mark.parametrize("folder", ["t.csv", "t.csv/inside"])
def test_a_file_in_place_of_the_folder(
    table: Path, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    before = table.read_bytes()
    assert main(["prepare", "t.csv", "-q", *COLUMNS, "--out-dir", folder]) == 1
    said = capsys.readouterr().err
    assert f"{folder}/t_prepared_train.jsonl: cannot be written: Not a directory" in said
    assert table.read_bytes() == before


def test_a_folder_in_place_of_a_file(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table.with_name("t_prepared_train.jsonl").mkdir()
    assert main(["prepare", "t.csv", "-q", *COLUMNS]) == 1
    assert "t_prepared_train.jsonl: is not a file and is left alone" in capsys.readouterr().err


@pytest.mark.parametrize("length", [200, 251])
def test_a_long_name_of_a_table(
    table: Path, capsys: pytest.CaptureFixture[str], length: int
) -> None:
    name = "n" * (length - 4) + ".csv"
    table.rename(name)
    code = main(["prepare", name, "-q", *COLUMNS])
    said = capsys.readouterr().err
    assert code == (0 if length == 200 else 1), said
    assert "unexpected" not in said


def test_names_that_cannot_be_decoded(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(b"t\xff.csv")
    table.rename(name)
    assert main(["prepare", name, "-q", *COLUMNS, "--out-dir", os.fsdecode(b"out\xfe")]) == 0
    assert "unexpected" not in capsys.readouterr().err
    assert len(os.listdir(b"out\xfe")) == 3


@pytest.mark.parametrize("content", ["text,tag\na\0b,c\n", '{"text":"a\0b","tag":"c"}\n', "a\0\n"])
@pytest.mark.parametrize("name", ["n.csv", "n.jsonl", "n.txt", "n.json"])
def test_a_nul_in_a_text_file(table: Path, content: str, name: str) -> None:
    path = table.with_name(name)
    path.write_text(content)
    with pytest.raises(PitchpipeError, match=r"line 1|line 2"):
        Pipeline.from_config(Config()).prepare(path)


@pytest.mark.parametrize("size", ["0", "-1GB", "lots", "", "1XB", "1e9", "1 i", "9" * 5000])
def test_sizes_that_are_none(table: Path, capsys: pytest.CaptureFixture[str], size: str) -> None:
    assert main(["prepare", "t.csv", "-q", *COLUMNS, f"--max-unpacked={size}"]) == 2
    said = capsys.readouterr().err
    assert "--max-unpacked" in said
    assert "Expected a number above zero and a unit, such as 2GB" in said
    assert main(["prepare", "t.csv", "-q", "--dry-run", *COLUMNS, "--max-unpacked=1.5 GiB"]) == 0
