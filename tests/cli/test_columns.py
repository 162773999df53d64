"""What the command line asks and says about columns."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

HEADER = ("text", "label", "category")


@pytest.fixture
def two_labels(write_rows):
    """Two columns that may be the answer."""
    rows = [(f"film number {n}", ("neg", "pos")[n % 2], ("a", "b")[n // 2 % 2]) for n in range(30)]
    return write_rows("films.csv", rows, HEADER)


@pytest.fixture
def terminal(monkeypatch):
    """A terminal whose user types these lines, and goes away after the last."""

    def sit_down(*answers):
        lines = iter([f"{answer}\n" for answer in answers])
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
        monkeypatch.setattr("sys.stdin.readline", lambda: next(lines, ""), raising=False)

    return sit_down


def labels():
    lines = Path("films_prepared_train.jsonl").read_text("utf-8").splitlines()
    return {json.loads(line)["completion"].strip() for line in lines}


@pytest.mark.parametrize(
    ("answer", "expected"), [("1", {"neg", "pos"}), ("category", {"a", "b"}), ("2", {"a", "b"})]
)
def test_on_a_terminal_the_user_chooses(cli, terminal, two_labels, answer, expected):
    terminal("nonsense", "3", answer)
    result = cli("prepare", two_labels, "-q")
    assert result.code == 0
    assert "'label' and 'category' have names of one rank" in result.err
    assert "  1. label\n  2. category\n" in result.err
    assert result.err.count("Type a number from 1 to 2") == 2
    assert labels() == expected


def test_run_asks_as_well_and_the_same_answer_goes_on(cli, terminal, two_labels):
    terminal("label")
    first = cli("run", two_labels, "--json")
    assert first.code == 0
    terminal("1")
    assert cli("run", two_labels, "--json").json == first.json


def test_who_goes_away_gets_the_refusal(cli, terminal, two_labels):
    terminal()
    result = cli("prepare", two_labels, "-q")
    assert result.code == 1
    assert "Pass --completion-column NAME" in result.err
    assert not list(Path().glob("*prepared*"))


def test_elsewhere_it_is_refused_and_the_flags_work(cli, two_labels):
    result = cli("prepare", two_labels, "-q")
    assert result.code == 1
    assert "Which column" not in result.err
    assert "Pass --completion-column NAME (data.completion_column in the" in result.err
    assert cli("prepare", two_labels, "-q", "--completion-column", "category").code == 0
    assert labels() == {"a", "b"}


def test_the_flags_for_a_file_without_header_work(cli, write_rows):
    rows = [(f"film {n}", ("bad", "good")[n % 2]) for n in range(30)]
    path = write_rows("films.csv", rows, ("this film was far too long", "bad"))
    result = cli("prepare", path, "-q")
    assert result.code == 1
    flags = shlex.split(result.err.partition("pass ")[2].strip().rstrip("."))
    assert cli("prepare", path, "-q", *flags).code == 0
    assert labels() == {"bad", "good"}


def test_every_report_names_what_is_left_out(cli, two_labels):
    words = ("--completion-column", "label", "-q")
    note = "Left out of the records: 'category'."
    assert note in cli("prepare", two_labels, *words).err
    assert note in cli("prepare", two_labels, *words, "--json").json["notes"]
    sarif = cli("prepare", two_labels, *words, "--sarif").json["runs"][0]["invocations"][0]
    assert {"level": "note", "message": {"text": note}} in sarif["toolExecutionNotifications"]
    run = cli("run", two_labels, "--completion-column", "label", "--json")
    assert note in run.err
    assert note in run.json["notes"]


def test_a_model_is_asked_with_the_same_joined_columns(cli, write_rows):
    rows = [("Turn into French.", f"word {n}", ("oui", "non")[n % 2]) for n in range(30)]
    path = write_rows("alpaca.csv", rows, ("instruction", "input", "output"))
    assert cli("run", path, "--run-dir", "here").code == 0
    new = write_rows("new.csv", [row[:2] for row in rows[:3]], ("instruction", "input"))
    assert cli("predict", new, "--run-dir", "here").code == 0
    assert len(Path("new_predictions.jsonl").read_text("utf-8").splitlines()) == 3


def test_predict_names_the_columns_that_it_reads_and_leaves_out(cli):
    rows = [{"prompt": f"film {n}", "completion": ("pos", "neg")[n % 2]} for n in range(24)]
    Path("a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert cli("run", "a.jsonl", "--run-dir", "r").code == 0
    asked = [{"body": f"film {n}", "subject": "re"} for n in range(3)] + [{"body": "x", "late": 1}]
    Path("new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    found = cli("predict", "new.jsonl", "--run-dir", "r")
    assert found.code == 0, found.err
    assert "Column 'body' is taken for the prompt: its name ranks before 'subject'." in found.err
    assert found.err.count("Left out of the records: 'subject', 'late'.") == 1
    told = json.loads(cli("predict", "new.jsonl", "--run-dir", "r", "--json").out)
    assert told["notes"][-1] == "Left out of the records: 'subject', 'late'."
