import csv
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from pitchpipe.cli import main

GOOD = ("a warm and witty film", "the best story of the year", "lovely, funny and wise")
BAD = ("a dull and endless film", "the worst story of the year", "tired, loud and empty")


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """Each test in a folder of its own, with nothing set outside it."""
    monkeypatch.chdir(tmp_path)
    words = ("BLOCK", "ALLOW", "STRICT")
    ours = ("PITCHPIPE_TRACEBACK", *(f"PITCHPIPE_PLUGINS_{word}" for word in words))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", *ours):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def cli(capsys):
    """Runs a command in this process."""

    def run(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def process():
    """Starts a command as a process of its own, which does not outlive the test."""
    started = []

    def start(*words, **options):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [sys.executable, "-m", "pitchpipe", *map(str, words)]
        started.append(subprocess.Popen(command, **{**pipes, **options}))
        return started[-1]

    yield start
    for one in started:
        if one.poll() is None:
            one.kill()
            one.communicate()


@pytest.fixture
def write_rows():
    """Writes a CSV of rows under a header."""

    def write(name, rows, header=("text", "tag")):
        path = Path(name)
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(header)
            writer.writerows(rows)
        return path

    return write


@pytest.fixture
def reviews(write_rows):
    """Forty rows of two labels, easy to tell apart."""
    rows = [(f"{text}, part {n}", tag) for n in range(7) for text, tag in _labelled()]
    return write_rows("reviews.csv", rows[:40])


def _labelled():
    return [(text, "pos") for text in GOOD] + [(text, "neg") for text in BAD]


@pytest.fixture
def prepared(cli, reviews):
    """The reviews, prepared: the training and the validation file."""
    found = cli("prepare", reviews, "--json").json
    return found["train"], found["valid"]


@pytest.fixture
def job(cli, prepared):
    """A job that has been created and nothing more."""
    train, valid = prepared
    return cli("train", train, "-v", valid).out.strip()


@pytest.fixture
def paused_job(cli, job):
    """A job that stands still; a look at it may have to bring it that far."""
    for _ in range(10):
        if cli("pause", job).code == 0:
            return job
        cli("jobs")
    raise AssertionError(f"{job} cannot be paused")


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A distribution whose one entry point leads to the given module."""

    def install(source):
        Path("pipe_extra.py").write_text(source, encoding="utf-8")
        folder = Path("pipe_extra-1.2.dist-info")
        folder.mkdir()
        (folder / "METADATA").write_text("Name: pipe-extra\nVersion: 1.2\n", encoding="utf-8")
        entry = "[pitchpipe]\nextra = pipe_extra\n"
        (folder / "entry_points.txt").write_text(entry, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "pipe_extra", raising=False)

    return install
