"""What prepare asks, shows, writes and takes back."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def twice(write_rows):
    """Thirty rows, the first two of which come once more, and one without a label."""
    rows = [(f"film number {n}", ("neg", "pos")[n % 2]) for n in range(30)]
    return write_rows("films.csv", [*rows, *rows[:2], ("film without a label", "")])


@pytest.fixture
def terminal(monkeypatch):
    """A terminal whose user gives the answers, and goes away after the last."""

    def sit_down(*answers):
        lines = iter([f"{answer}\n" for answer in answers])
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
        monkeypatch.setattr("sys.stdin.readline", lambda: next(lines, ""), raising=False)

    return sit_down


def written():
    return sorted(path.name for path in Path().glob("*prepared*"))


def changes():
    lines = Path("films_prepared_changes.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


FILES = [
    "films_prepared.json",
    "films_prepared_changes.jsonl",
    "films_prepared_train.jsonl",
    "films_prepared_valid.jsonl",
]


def test_quiet_takes_all_recommended_fixes(cli, twice):
    result = cli("prepare", twice, "-q")
    assert result.code == 0
    assert result.out == "films_prepared_train.jsonl: 24 records\n" + (
        "films_prepared_valid.jsonl: 6 records\n"
    )
    assert written() == FILES
    assert [(entry["line"], entry["rule"], entry["after"]) for entry in changes()] == [
        (32, "duplicate-rows", None),
        (33, "duplicate-rows", None),
        (34, "empty-fields", None),
    ]
    assert changes()[0]["before"] == {"prompt": "film number 0", "completion": "neg"}


def test_it_ends_with_what_to_do_next(cli, twice):
    told = cli("prepare", twice, "-q").err
    assert r"end every prompt with '\n\n###\n\n', and stop at '\n'" in told
    assert "Expected: " in told
    assert "tokens" in told
    last = told.splitlines()[-1]
    files = "films_prepared_train.jsonl -v films_prepared_valid.jsonl"
    assert last == f"Next: pitchpipe train {files} --model babbage-002"


def test_the_next_command_goes_on_with_what_was_set(cli, twice):
    Path("my own.toml").write_text('[training]\nsuffix = "x"\n', encoding="utf-8")
    words = ["--model", "davinci-002", "--base-url", "offline:there", "--config", "my own.toml"]
    words += ["--set", "training.n_epochs=2", "--set", "validators.skip=[]", "--out-dir", "a b"]
    found = cli("prepare", twice, "-q", "--json", *words).json
    assert shlex.split(found["next"]) == [
        *("pitchpipe", "train", "a b/films_prepared_train.jsonl"),
        *("-v", "a b/films_prepared_valid.jsonl", "--model", "davinci-002"),
        *("--base-url", "offline:there", "--config", "my own.toml"),
        *("--set", "training.n_epochs=2"),
    ]
    assert cli(*shlex.split(found["next"])[1:]).out.startswith("ftjob-")


def test_without_a_terminal_it_says_what_to_pass(cli, twice):
    result = cli("prepare", twice)
    assert result.code == 2
    assert "duplicate-rows: 2 rows the same as an earlier one" in result.err
    assert "Pass -q to apply them all, --fix duplicate-rows to choose" in result.err
    assert written() == []


def test_without_anything_to_ask_no_terminal_is_needed(cli, reviews):
    assert cli("prepare", reviews).code == 0


@pytest.mark.parametrize(("answer", "rows"), [("", 30), ("y", 30), ("Yes", 30), ("n", 32)])
def test_on_a_terminal_it_asks(cli, twice, terminal, answer, rows):
    terminal(answer)
    found = cli("prepare", twice, "--json")
    assert found.json["train_rows"] + found.json["valid_rows"] == rows
    assert "Drop 2 rows, keeping the first of each? [Y/n]" in found.err
    assert "  2 in all: lines 32, 33\n" in found.err
    assert "such as {'prompt': 'film number 0', 'completion': 'neg'}" in found.err


def test_an_answer_that_is_none_is_asked_for_again(cli, twice, terminal):
    terminal("perhaps", "n")
    result = cli("prepare", twice)
    assert "Please answer y or n." in result.err
    assert result.code == 0


def test_the_end_of_input_is_no_answer(cli, twice, terminal):
    terminal()
    result = cli("prepare", twice)
    assert result.code == 2
    assert "Pass -q" in result.err
    assert written() == []


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")
@pytest.mark.parametrize(("typed", "code"), [(b"n\n", 0), (b"\x04", 2)])
def test_a_real_terminal_is_asked_on(twice, typed, code):
    mine, theirs = os.openpty()
    command = [sys.executable, "-m", "pitchpipe", "prepare", twice]
    with (
        open(mine, "r+b", buffering=0) as person,
        subprocess.Popen(
            command, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, text=True
        ) as program,
    ):
        os.close(theirs)
        shown = b""
        while b"[Y/n]" not in shown:
            shown += person.read(1000)
        person.write(typed)
        out, _ = program.communicate()
    assert program.returncode == code
    assert ("records" in out) == (code == 0)


def test_an_interrupted_question_writes_nothing(cli, twice, terminal, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    terminal()
    monkeypatch.setattr("sys.stdin.readline", interrupt, raising=False)
    assert cli("prepare", twice).code == 130
    assert written() == []


@pytest.mark.parametrize(
    ("rule", "why"),
    [("upper-case-prompts", "not in use"), ("conflicting-completions", "has no fix")],
)
def test_a_fix_that_cannot_come_is_refused(cli, twice, rule, why):
    result = cli("prepare", twice, "--fix", rule, "-q")
    assert result.code == 2
    assert f"--fix {rule}: this rule" in result.err
    assert why in result.err
    assert written() == []


def test_a_named_fix_is_applied_unasked(cli, twice):
    found = cli("prepare", twice, "--fix", "duplicate-rows", "--json").json
    assert found["applied"] == ["empty-fields", "duplicate-rows"]
    assert found["changed"] == {"empty-fields": 1, "duplicate-rows": 2}


def test_an_optional_fix_waits_to_be_named(cli, write_rows):
    rows = [(f"FILM NUMBER {n}", ("neg", "pos")[n % 2]) for n in range(30)]
    path = write_rows("films.csv", rows)
    also = ["--set", 'validators.also=["upper-case-prompts"]']
    assert cli("prepare", path, "-q", *also, "--json").json["applied"] == []
    shown = cli("prepare", path, "-q", *also).err
    assert "not applied (--fix upper-case-prompts)" in shown
    named = cli("prepare", path, *also, "--fix", "upper-case-prompts", "--json").json
    assert named["applied"] == ["upper-case-prompts"]
    assert changes()[0]["before"] == {"prompt": "FILM NUMBER 0"}
    assert changes()[0]["after"] == {"prompt": "film number 0"}


def test_an_ignored_rule_finds_nothing(cli, twice):
    found = cli("prepare", twice, "--ignore", "duplicate-rows", "--json").json
    assert {finding["rule"] for finding in found["findings"]} == {"empty-fields"}


def test_only_some_rules(cli, twice):
    words = ["--only", "duplicate-rows", "--only", "empty-fields", "-q", "--json"]
    found = cli("prepare", twice, *words).json
    assert [finding["rule"] for finding in found["findings"]] == ["duplicate-rows", "empty-fields"]


@pytest.mark.parametrize("flag", ["--ignore", "--only", "--fix", "--undo"])
def test_a_rule_that_does_not_exist_is_named(cli, twice, flag):
    result = cli("prepare", twice, flag, "duplicate-row")
    assert result.code == 2
    assert "Did you mean 'duplicate-rows'?" in result.err


def test_a_dry_run_shows_the_difference_and_writes_nothing(cli, twice):
    result = cli("prepare", twice, "-q", "--dry-run")
    assert result.code == 0
    assert "@@ duplicate-rows: 2 changed or removed, 2 shown @@" in result.out
    assert '- line 32: {"prompt": "film number 0", "completion": "neg"}' in result.out
    assert "would write films_prepared_train.jsonl: 24 records" in result.out
    assert written() == []
    assert list(Path().iterdir()) == [twice]


def test_a_dry_run_shows_what_becomes_of_rows(cli, write_rows):
    path = write_rows(
        "films.csv", [(f"film {n}", "pos") for n in range(30)], ("Prompt", "COMPLETION")
    )
    out = cli("prepare", path, "-q", "--dry-run", "--profile", "legacy").out
    assert '- line 2: {"prompt": "film 0"}' in out
    assert '+ line 2: {"prompt": "film 0 ->"}' in out
    assert "@@ prompt-separator: 30 changed or removed, 3 shown @@" in out


CONSENT = (
    "1 fix needs your consent: duplicate-rows. This dry run shows the result with it. "
    "Pass -q to accept it, --fix RULE to accept one, or --ignore RULE to leave a rule out."
)


def test_a_dry_run_needs_no_consent(cli, twice):
    result = cli("prepare", twice, "--dry-run")
    assert result.code == 0
    assert "@@ duplicate-rows: 2 changed or removed, 2 shown @@" in result.out
    assert CONSENT in result.err
    assert list(Path().iterdir()) == [twice]
    assert result.out == cli("prepare", twice, "--dry-run", "-q").out


def test_a_dry_run_asks_nobody(cli, twice, terminal):
    terminal()
    result = cli("prepare", twice, "--dry-run")
    assert (result.code, "[Y/n]" in result.err) == (0, False)
    assert CONSENT in result.err


@pytest.mark.parametrize(
    "words", [["-q"], ["--fix", "duplicate-rows"], ["--ignore", "duplicate-rows"]]
)
def test_what_a_dry_run_advises_is_consent(cli, twice, words):
    assert "consent" not in cli("prepare", twice, "--dry-run", *words).err
    assert cli("prepare", twice, *words).code == 0


def test_a_dry_run_names_every_fix_that_needs_consent_once(cli, write_rows):
    rows = [(f"Film {n}", ("Neg", "Pos")[n % 2]) for n in range(30)]
    path = write_rows("films.csv", [*rows, *rows[:2]], ("prompt", "completion"))
    result = cli("prepare", path, "--dry-run", "--profile", "legacy")
    named = re.search(r"(\d+) fixes need your consent: ([a-z, -]+)\. This dry run", result.err)
    assert result.code == 0
    rules = named[2].split(", ")
    assert len(rules) == len(set(rules)) == int(named[1]) > 1
    assert all(f"@@ {rule}:" in result.out for rule in rules)
    fixes = [word for rule in rules for word in ("--fix", rule)]
    assert "consent" not in cli("prepare", path, "--dry-run", "--profile", "legacy", *fixes).err
    asked = cli("prepare", path, "--profile", "legacy")
    assert asked.code == 2
    assert all(f"--fix {rule}" in asked.err for rule in rules)


def test_a_dry_run_fails_as_the_findings_say(cli, write_rows):
    rows = [(f"film {n}", "pos") for n in range(30)]
    path = write_rows("films.csv", [*rows, *rows[:2]])
    words = ["--task", "classification", "--set", "validators.also=[]"]
    result = cli("prepare", path, "--dry-run", *words)
    assert result.code == 1
    assert "class-counts" in result.err
    assert list(Path().iterdir()) == [path]


def test_a_dry_run_applies_nothing_where_nothing_may_be(cli, twice):
    result = cli("prepare", twice, "--dry-run", "--set", "data.fix=false")
    assert "consent" not in result.err


def test_a_dry_run_tells_programs_the_same(cli, twice):
    result = cli("prepare", twice, "--dry-run", "--json")
    assert (result.code, result.json["applied"]) == (0, ["empty-fields", "duplicate-rows"])
    assert CONSENT in result.err


@pytest.mark.parametrize("prefix", ["pitchpipe:", "PitchPipe:"])
def test_a_flag_takes_a_rule_with_its_distribution(cli, twice, prefix):
    def told(*words):
        found = cli("prepare", twice, "--json", *words)
        assert found.code == 0, found.err
        return found.json

    rule = "duplicate-rows"
    fixed = told("--fix", prefix + rule)
    assert fixed == told("--fix", rule) == told("-q")
    assert told("--ignore", prefix + rule) == told("--ignore", rule)
    undone = told("-q") and told("--undo", prefix + rule)
    assert undone == (told("-q") and told("--undo", rule))
    options = ["--set", f'validators.options."{prefix}empty-fields".prompts=false', "-q"]
    plain = ["--set", "validators.options.empty-fields.prompts=false", "-q"]
    only = ["--only", "empty-fields", *options]
    assert told(*only) == told("--only", f"{prefix}empty-fields", *plain)


def test_nothing_to_fix_is_said_in_a_dry_run(cli, reviews):
    assert "no fix changes anything" in cli("prepare", reviews, "--dry-run").out


def test_a_fix_is_undone(cli, twice):
    assert cli("prepare", twice, "-q").code == 0
    undone = cli("prepare", twice, "--undo", "duplicate-rows", "--json").json
    assert undone["applied"] == ["empty-fields"]
    assert undone["train_rows"] + undone["valid_rows"] == 32
    assert [entry["rule"] for entry in changes()] == ["empty-fields"]
    assert cli("prepare", twice, "-q").code == 0
    assert cli("prepare", twice, "--undo", "all", "--json").json["applied"] == ["empty-fields"]


def test_what_cannot_be_undone_is_said(cli, twice):
    nothing = cli("prepare", twice, "--undo", "duplicate-rows")
    assert (nothing.code, written()) == (1, [])
    assert "films_prepared.json: no preparation to undo" in nothing.err
    cli("prepare", twice, "-q")
    required = cli("prepare", twice, "--undo", "empty-fields")
    assert required.code == 2
    assert "the fix of empty-fields is required" in required.err
    never = cli("prepare", twice, "--undo", "upper-case-prompts")
    assert never.code == 2
    assert "unknown fix to undo 'upper-case-prompts'" in never.err
    with twice.open("a", encoding="utf-8") as stream:
        stream.write("one more,pos\n")
    changed = cli("prepare", twice, "--undo", "duplicate-rows", "--json")
    assert changed.code == 1
    assert changed.json["findings"] == []
    assert "not the table that was prepared any more" in changed.err


@pytest.mark.parametrize("words", [["-q"], ["--fix", "duplicate-rows"]])
def test_undoing_takes_no_further_decisions(cli, twice, words):
    cli("prepare", twice, "-q")
    result = cli("prepare", twice, "--undo", "duplicate-rows", *words)
    assert result.code == 2
    assert "give neither -q nor --fix with it" in result.err


def test_undoing_keeps_to_the_profile(cli, twice):
    legacy = ["--profile", "legacy", "--prompt-column", "text", "--completion-column", "tag"]
    assert cli("prepare", twice, "-q", *legacy).code == 0
    other = cli("prepare", twice, "--undo", "completion-space")
    assert other.code == 2
    assert "give --profile legacy beside --undo" in other.err
    undone = cli("prepare", twice, "--undo", "completion-space", *legacy, "--json").json
    assert "prompt-separator" in undone["applied"]
    assert "completion-space" not in undone["applied"]


def test_what_an_earlier_preparation_left_goes(cli, twice):
    cli("prepare", twice, "-q")
    whole = ["--splitter", "random", "--set", "splitter.valid_fraction=0.0"]
    cli("prepare", twice, "-q", *whole)
    assert written() == ["films_prepared.json", "films_prepared.jsonl", FILES[1]]
    Path("films_prepared.jsonl").write_text("mine", encoding="utf-8")
    cli("prepare", twice, "-q")
    assert Path("films_prepared.jsonl").read_text("utf-8") == "mine", "it was changed by hand"


def test_errors_are_reported_whole(cli, write_rows):
    path = write_rows("one.csv", [(f"film {n}", "pos") for n in range(30)] + [("film 1", "pos")])
    result = cli("prepare", path, "-q", "--json")
    assert result.code == 1
    assert "class-counts" in result.json["error"]
    found = {finding["rule"]: finding["severity"] for finding in result.json["findings"]}
    assert found == {"class-counts": "error", "duplicate-rows": "warning"}
    text = cli("prepare", path, "-q")
    assert text.code == 1
    assert "duplicate-rows" in text.err


def test_sarif_names_lines_and_describes_rules(cli, twice):
    log = cli("prepare", twice, "-q", "--sarif").json
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    by_rule = {result["ruleId"]: result for result in run["results"]}
    assert {rule["id"] for rule in rules} == {"duplicate-rows", "empty-fields"}
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    for rule in rules:
        for text in ("shortDescription", "fullDescription", "help"):
            assert 0 < len(rule[text]["text"]) <= 1024, "code hosts show no more"
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is True
    assert {note["level"] for note in invocation["toolExecutionNotifications"]} == {"note"}
    assert by_rule["empty-fields"]["level"] == "error"
    places = by_rule["duplicate-rows"]["locations"]
    assert [place["physicalLocation"]["region"]["startLine"] for place in places] == [32, 33]
    assert places[0]["physicalLocation"]["artifactLocation"]["uri"] == "films.csv"


def test_sarif_of_a_table_with_errors(cli, write_rows):
    path = write_rows("one class.csv", [(f"film {n}", "pos") for n in range(30)])
    result = cli("prepare", path, "-q", "--sarif")
    assert result.code == 1
    [finding] = result.json["runs"][0]["results"]
    assert finding["ruleId"] == "class-counts"
    places = [place["physicalLocation"] for place in finding["locations"]]
    assert {place["artifactLocation"]["uri"] for place in places} == {"one%20class.csv"}


def test_sarif_of_an_absolute_path_has_an_absolute_address(cli, twice):
    [run] = cli("prepare", twice.resolve(), "-q", "--sarif").json["runs"]
    uris = {
        place["physicalLocation"]["artifactLocation"]["uri"]
        for result in run["results"]
        for place in result["locations"]
    }
    assert uris == {twice.resolve().as_uri()}


def test_sarif_of_rows_names_the_file_only(cli, twice):
    import pandas as pd

    pd.read_csv(twice).to_parquet("films.parquet")
    [run] = cli("prepare", "films.parquet", "-q", "--sarif").json["runs"]
    place = {"artifactLocation": {"uri": "films.parquet"}}
    for result in run["results"]:
        assert result["locations"] == [{"physicalLocation": place}]
        assert "films.parquet, row " in result["message"]["text"]


def test_a_table_that_cannot_be_read_is_reported_too(cli):
    Path("broken.jsonl").write_text('{"prompt": "a"\n', encoding="utf-8")
    found = cli("prepare", "broken.jsonl", "-q", "--json")
    assert found.code == 1
    assert "line 1" in found.json["error"]
    assert found.json["findings"] == []
    log = cli("prepare", "broken.jsonl", "-q", "--sarif")
    assert log.code == 1
    [run] = log.json["runs"]
    [invocation] = run["invocations"]
    assert (run["results"], invocation["executionSuccessful"]) == ([], False)
    [told] = invocation["toolExecutionNotifications"]
    assert told["message"]["text"] == found.json["error"]


def test_legacy_writes_nothing_where_nothing_is_to_do(cli):
    rows = [
        {"prompt": f"q{n} ->", "completion": f" {chr(97 + n)} word{n * 7}x.\n"} for n in range(20)
    ]
    path = Path("ready.jsonl")
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    result = cli("prepare", path, "--profile", "legacy")
    assert result.code == 0
    assert result.out == "ready.jsonl: 20 records\n"
    assert written() == []


def test_legacy_says_how_to_name_columns(cli, twice):
    result = cli("prepare", twice, "--profile", "legacy", "-q")
    assert result.code == 1
    assert "Columns: 'text', 'tag'. Say --prompt-column NAME" in result.err


def test_a_profile_that_does_not_exist_is_named(cli, twice):
    result = cli("prepare", twice, "--profile", "legasy")
    assert result.code == 2
    assert "Did you mean 'legacy'?" in result.err
