"""Kinds, encodings and names of files, as the commands show them."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

RECORDS = [{"prompt": f"film number {n}", "completion": ("pos", "neg")[n % 2]} for n in range(24)]
LINES = "".join(json.dumps(record) + "\n" for record in RECORDS)
CSV = "prompt,completion\n" + "".join(f"{r['prompt']},{r['completion']}\n" for r in RECORDS)
ONE_CLASS = "text,tag\n" + "".join(f"film {n},pos\n" for n in range(20))


def workbook(path: str) -> None:
    book = openpyxl.Workbook()
    for row in (("prompt", "completion"), *(tuple(record.values()) for record in RECORDS)):
        book.active.append(row)
    book.save(path)


def files() -> set[str]:
    return {str(path) for path in Path().rglob("*")}


@pytest.mark.parametrize("verb", [("prepare", "-q"), ("run", "--run-dir", "r")])
def test_a_conflict_is_said_and_the_kind_can_be_given(cli, verb):
    Path("train.txt").write_text(LINES)
    found = cli(verb[0], "train.txt", *verb[1:])
    assert found.code == 0, found.err
    assert "train.txt is called .txt, but holds JSON lines" in found.err


def test_json_is_trained_as_text_only_with_the_flag(cli):
    Path("train.txt").write_text("it rains\n" * 11 + LINES.splitlines()[0] + "\n")
    refused = cli("prepare", "train.txt", "-q")
    assert refused.code == 1
    assert "line 12 looks like a JSON object" in refused.err
    assert "--input-kind lines" in refused.err
    assert files() == {"train.txt"}
    taken = cli("prepare", "train.txt", "-q", "--input-kind", "lines", "--ignore", "duplicate-rows")
    assert taken.code == 0, taken.err
    assert '{\\"prompt\\"' in Path("train_prepared.jsonl").read_text()


POEM = "Title, Author\n" + "".join(f"I came home at {n}, she said\n" for n in range(20))


@pytest.mark.parametrize("verb", [("prepare", "-q"), ("run", "--run-dir", "r")])
def test_a_refusal_says_how_the_file_was_read(cli, verb):
    Path("poem.txt").write_text(POEM)
    refused = cli(verb[0], "poem.txt", *verb[1:])
    assert refused.code == 1
    assert "it is not clear which column" in refused.err
    assert "poem.txt is called .txt, but holds delimited text" in refused.err
    assert "--input-kind lines reads every line as a text" in refused.err
    taken = cli("prepare", "poem.txt", "-q", "--input-kind", "lines")
    assert taken.code == 0, taken.err
    assert "poem_prepared.jsonl: 21 records" in taken.out


@pytest.mark.parametrize("rows", [1, 3])
def test_a_refusal_names_the_sheets_that_are_not_read(cli, rows):
    book = openpyxl.Workbook()
    for n in range(rows):
        book.active.append([f"see the other sheet {n}"])
    book.create_sheet("Data").append(["prompt", "completion"])
    book.save("book.xlsx")
    refused = cli("prepare", "book.xlsx", "-q")
    assert refused.code == 1
    assert "Only the first sheet, 'Sheet', is read, not 'Data'." in refused.err


@pytest.mark.parametrize("verb", ["prepare", "run", "predict", "train", "sweep"])
def test_every_command_that_reads_a_table_takes_the_flag(cli, verb):
    assert "--input-kind" in cli(verb, "--help").out
    wrong = cli(verb, "a.csv", "--input-kind", "cvs")
    assert wrong.code == 2
    assert "unknown kind of file 'cvs'. Did you mean 'csv'?" in wrong.err


def test_the_key_of_the_configuration_is_the_flag(cli):
    Path("data.log").write_text(CSV)
    Path("pitchpipe.toml").write_text('[data]\ninput_kind = "csv"\n')
    assert cli("prepare", "data.log", "-q").code == 0
    assert cli("prepare", "data.log", "-q", "--input-kind", "json").code == 1


def test_predict_reads_another_kind_than_the_run_did(cli):
    Path("data.log").write_bytes(CSV.replace("film", "Käufer").encode("cp1252"))
    flags = ("--input-kind", "csv", "--encoding", "cp1252")
    assert cli("run", "data.log", "--run-dir", "r", *flags).code == 0
    Path("new.jsonl").write_text('{"prompt": "für Käufer"}\n', encoding="utf-8")
    found = cli("predict", "new.jsonl", "--run-dir", "r")
    assert found.code == 0, found.err
    assert "new_predictions.jsonl: 1 answers" in found.out


def test_a_suggested_encoding_works(cli):
    Path("a.csv").write_bytes(CSV.replace("film", "Müller").encode("mac_roman"))
    refused = cli("prepare", "a.csv", "-q")
    assert refused.code == 1
    assert "mac_roman would read 'Müller number 0,pos'" in refused.err
    assert cli("prepare", "a.csv", "-q", "--encoding", "mac_roman").code == 0
    assert "Müller" in Path("a_prepared_train.jsonl").read_text(encoding="utf-8")


def test_legacy_goes_by_the_name(cli):
    Path("train.txt").write_text(LINES)
    found = cli("prepare", "train.txt", "-q", "--profile", "legacy")
    assert found.code == 0, found.err
    written = Path("train_prepared.jsonl").read_text()
    assert '\\"completion\\": \\"pos' in written


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([{"messages": [{"role": "user", "content": "a"}]}]).encode(),
        LINES.encode("utf-16"),
        b"// by hand\n" + LINES.encode(),
        LINES.replace("}\n", "},\n").encode(),
        LINES.replace("}\n", "}\r", 1).encode(),
    ],
)
def test_only_plain_json_lines_are_uploaded_as_they_are(cli, content):
    Path("a.jsonl").write_bytes(content)
    found = cli("train", "a.jsonl")
    assert found.code == 1
    assert "pitchpipe prepare" in found.err


def test_files_of_another_table_are_not_overwritten(cli):
    Path("x.csv").write_text(CSV)
    workbook("x.xlsx")
    Path("x.jsonl").write_text(LINES)
    assert cli("prepare", "x.csv", "-q").code == 0
    first = {path: path.read_bytes() for path in Path().glob("x_prepared*")}
    for name in ("x.xlsx", "x.jsonl"):
        found = cli("prepare", name, "-q")
        assert found.code == 0, found.err
        assert f"x_prepared.json belongs to x.csv, so the files of {name} are named" in found.err
        assert f"{name}_prepared_train.jsonl" in found.err
        assert Path(f"{name}_prepared_train.jsonl").exists()
        assert cli("prepare", name, "-q").code == 0
    assert {path: path.read_bytes() for path in Path().glob("x_prepared*")} == first
    assert cli("prepare", "x.csv", "-q").code == 0
    assert not Path("x.csv_prepared.json").exists()
    undone = cli("prepare", "x.xlsx", "--undo", "all")
    assert "no preparation to undo" not in undone.err


def test_the_same_table_from_another_folder_is_the_same_table(cli, monkeypatch):
    Path("data").mkdir()
    Path("data/x.csv").write_text(CSV)
    assert cli("prepare", "data/x.csv", "-q").code == 0
    before = files()
    monkeypatch.chdir("data")
    assert cli("prepare", "x.csv", "-q").code == 0
    monkeypatch.chdir("..")
    assert cli("prepare", Path("data/x.csv").resolve(), "-q").code == 0
    assert files() == before


def test_tables_of_one_name_from_two_folders(cli):
    for folder, label in (("a", "pos"), ("b", "good"), ("c", "fine")):
        Path(folder).mkdir()
        Path(folder, "x.csv").write_text(CSV.replace("pos", label))
    assert cli("prepare", "a/x.csv", "-q", "--out-dir", "out").code == 0
    assert cli("prepare", "b/x.csv", "-q", "--out-dir", "out").code == 0
    refused = cli("prepare", "c/x.csv", "-q", "--out-dir", "out")
    assert refused.code == 2
    assert "pass --out-dir DIR" in refused.err
    assert "pos" in Path("out/x_prepared_train.jsonl").read_text()
    assert "good" in Path("out/x.csv_prepared_train.jsonl").read_text()


REFUSALS = [
    ("prepare", "bad.csv", "-q", "--out-dir", "new/out"),
    ("run", "bad.csv", "--run-dir", "new/run"),
    ("run", "bad.csv"),
    ("run", "bad.csv", "--run-dir", "r", "--prompt-column", "txt"),
    ("sweep", "bad.csv", "--examples", "10", "--epochs", "1", "--out-dir", "new/sweep"),
    ("sweep", "bad.csv", "--examples", "999", "--epochs", "1", "--out-dir", "new/sweep"),
    ("prepare", "bad.csv", "-q", "--out-dir", "new", "--completion-column", "nix"),
]


@pytest.mark.parametrize("words", REFUSALS)
def test_a_refusal_leaves_no_folder(cli, words):
    Path("bad.csv").write_text(ONE_CLASS)
    found = cli(*words, "--task", "classification")
    assert found.code in (1, 2), found.err
    assert files() == {"bad.csv"}


def test_a_refusal_leaves_what_was_there(cli):
    Path("bad.csv").write_text(ONE_CLASS)
    Path("r").mkdir()
    Path("r/mine").write_text("x")
    assert cli("run", "bad.csv", "--run-dir", "r", "--prompt-column", "txt").code == 1
    assert Path("r/mine").read_text() == "x"


def test_a_run_can_be_tried_again_in_the_folder_of_a_refusal(cli):
    Path("bad.csv").write_text(ONE_CLASS)
    words = ("run", "bad.csv", "--run-dir", "r", "--task", "classification")
    assert cli(*words).code == 1
    Path("bad.csv").write_text(CSV)
    assert cli(*words).code == 0
