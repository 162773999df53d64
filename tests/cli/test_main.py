import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import pitchpipe
from pitchpipe.cli import BROKEN_PIPE, INTERRUPTED, VERBS, main


def test_help_lists_every_verb(cli):
    result = cli("--help")
    assert result.code == 0
    assert result.err == ""
    for verb, text in VERBS.items():
        assert f"{verb} " in result.out
        assert text in result.out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_and_a_module(cli, verb):
    result = cli(verb, "--help")
    assert result.code == 0
    assert result.out.startswith(f"usage: pitchpipe {verb}")
    folder = Path(pitchpipe.cli.__file__).parent
    assert (folder / f"{verb}.py").is_file() or (folder / verb / "__init__.py").is_file()


def test_help_is_as_wide_as_the_terminal_allows(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    narrow = cli("run", "--help").out
    usage, _, _ = narrow.partition("\n\n")
    assert max(map(len, usage.splitlines())) <= 60
    monkeypatch.setenv("COLUMNS", "what")
    assert cli("run", "--help").out != narrow


def test_version(cli):
    assert cli("--version").out == f"pitchpipe {pitchpipe.__version__}\n"


def test_nothing_asked_for_shows_the_help_on_stderr(cli):
    result = cli()
    assert (result.code, result.out) == (2, "")
    assert "commands:" in result.err


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from pitchpipe.cli import main; main(['--help']);"
        "print(*sys.modules, file=sys.stderr)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"pandas", "numpy", "pydantic", "rich", "openai", "sklearn", "pluggy", "dataclasses"}
    assert not heavy & set(shown.stderr.split())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["rnu"],
            "unknown command 'rnu'. Did you mean 'run'? Known: backup, cancel, config, export",
        ),
        (["run", "x.csv", "--promt-column", "a"], "'--promt-column'. Did you mean '--prompt-col"),
        (["run", "x.csv", "--promt-column=a"], "unknown flag '--promt-column'. Did you mean"),
        (["--verbos", "run"], "unknown flag '--verbos'. Did you mean '--verbose'?"),
        (["run", "x.csv", "y.csv"], "unexpected argument 'y.csv'. See pitchpipe run --help."),
        (["run", "x.csv", "--task", "clasification"], "Did you mean 'classification'?"),
        (["run", "x.csv", "--n-epochs", "few"], "argument --n-epochs: invalid auto or int value"),
        (["run", "x.csv", "--seed"], "argument --seed: expected one argument"),
        (["run"], "give either a FILE or --sample"),
        (["run", "x.csv", "--sample"], "give either a FILE or --sample"),
        (["follow"], "arguments are required: JOB"),
        (["predict", "x.csv"], "give --model M, --run-dir DIR or both"),
        (["run", "x.csv", "--trainer", "opennai"], "unknown trainer 'opennai'. Did you mean 'op"),
        (["run", "x.csv", "--format", "chta"], "unknown formatter 'chta'. Did you mean 'chat'?"),
        (["run", "x.csv", "--set", "training.n_epoch=3"], "training.n_epoch: unknown key. Did you"),
        (["run", "x.csv", "--set", "training.seed=x"], "training.seed: should be a valid integer"),
        (["run", "x.csv", "--set", "seed"], "--set 'seed': expected KEY=VALUE"),
        (["run", "x.csv", "--set", "a b=c"], "--set 'a b=c': expected KEY=VALUE"),
        (["run", "x.csv", "--config", "none.toml"], "none.toml: no such file"),
    ],
)
def test_usage_errors(cli, words, expected):
    result = cli(*words)
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("pitchpipe: error: ")
    assert expected in result.err
    assert result.err.count("\n") == 1


def test_unexpected_errors_are_one_line(cli, monkeypatch):
    monkeypatch.setattr("importlib.metadata.distributions", None)
    monkeypatch.setattr("pitchpipe.discovery.distributions", None)
    result = cli("plugins", "list")
    assert result.code == 1
    assert "unexpected TypeError" in result.err
    assert "--traceback" in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("how", ["flag", "environment"])
def test_traceback_on_request(cli, monkeypatch, how):
    words = ["score", "none.jsonl"]
    assert "Traceback" not in cli(*words).err
    if how == "flag":
        words.append("--traceback")
    else:
        monkeypatch.setenv("PITCHPIPE_TRACEBACK", "1")
    result = cli(*words)
    assert result.code == 1
    assert "Traceback (most recent call last)" in result.err
    assert result.err.rstrip().splitlines()[-1].startswith("pitchpipe: error: none.jsonl:")


@pytest.mark.parametrize("words", [["-v", "prepare"], ["prepare", "--verbose"]])
def test_verbose_logs_to_stderr(cli, reviews, words):
    result = cli(*words, reviews)
    assert "INFO pitchpipe.run: reviews: read started" in result.err
    assert "INFO" not in result.out
    assert "INFO" not in cli("prepare", reviews).err


def test_control_c_says_how_to_go_on(process, paused_job):
    job = paused_job
    following = process("follow", job)
    assert "Created" in following.stdout.readline()
    following.send_signal(signal.SIGINT)
    _, err = following.communicate(timeout=30)
    assert following.returncode == INTERRUPTED
    assert err == "pitchpipe: interrupted; the same command again goes on from here\n"


def test_an_interrupted_run_goes_on(cli, installed, reviews):
    installed(
        """
from pitchpipe import hookimpl

@hookimpl
def stage_started(stage):
    if stage == "predict":
        raise KeyboardInterrupt
"""
    )
    interrupted = cli("run", reviews, "--run-dir", "here")
    assert (interrupted.code, interrupted.out) == (INTERRUPTED, "")
    assert interrupted.err.endswith("the same command again goes on from here\n")
    created = json.loads(Path("here/job.json").read_text(encoding="utf-8"))
    Path("pipe_extra-1.2.dist-info/entry_points.txt").write_text("", encoding="utf-8")
    found = cli("run", reviews, "--run-dir", "here", "--json").json
    assert found["job"] == created["id"]
    assert len(cli("jobs", "--json").json) == 1


def test_a_closed_pipe_in_this_process(monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(["config", "show"]) == BROKEN_PIPE


def test_python_m(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["pitchpipe", "--version"])
    importlib.import_module("pitchpipe.__main__")
    assert capsys.readouterr().out == ""
    module = sys.modules.pop("pitchpipe.__main__")
    with pytest.raises(SystemExit) as leaving:
        # by its path: pytest imports what comes with a plugin by a loader that runpy cannot use
        runpy.run_path(module.__file__, run_name="__main__")
    assert leaving.value.code == 0
    assert capsys.readouterr().out.startswith("pitchpipe ")


def test_a_reader_who_goes_away_is_no_error(process):
    listing = process("plugins", "list", "--json")
    listing.stdout.close()
    assert listing.wait(timeout=30) == BROKEN_PIPE
    assert listing.stderr.read() == ""
    listing.stderr.close()


def test_an_answer_that_the_encoding_lacks_is_escaped(process, write_rows, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.setenv("PYTHONWARNINGS", "default")
    failed = process("run", "café.csv")
    _, err = failed.communicate(timeout=30)
    assert failed.returncode == 1
    assert "caf\\xe9.csv: no such file" in err


def test_main_takes_the_words_of_the_process(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["pitchpipe", "--version"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("pitchpipe ")


@pytest.mark.parametrize("command", ["prepare", "train", "run", "sweep", "predict", "score"])
def test_help_names_each_group_of_flags_once(cli, command):
    text = cli(command, "--help").out
    groups = [line for line in text.splitlines() if line.endswith(":") and line[:1].islower()]
    assert len(groups) == len(set(groups)), groups
