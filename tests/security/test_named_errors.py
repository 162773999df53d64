"""What the user or the system causes is named, and never called a fault of Pitchpipe."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pitchpipe.cli import main
from pitchpipe.cli.failures import explained
from pitchpipe.errors import UsageError
from run_folders import new_world

BAD_PATHS = {
    "nul": "a\0b",
    "folder": "folder",
    "below-a-file": "file/x",
    "too-long": "x" * 300,
    "circle": "circle",
    "in-a-circle": "circle/x",
    "not-utf-8": "d\udcff.csv",
    "folder-not-utf-8": "\udcff/x",
    "missing": "nope/nope",
    "root": "/",
    "empty": "",
    "kernel": "/proc/x",
}

COMMANDS: dict[str, Callable[[str], list[str]]] = {
    "run-file": lambda p: ["run", p],
    "run-folder": lambda p: ["run", "films.csv", "--run-dir", p],
    "run-runs": lambda p: ["run", "films.csv", "--set", f"run.folder={p}"],
    "run-service": lambda p: ["run", "films.csv", "--base-url", f"offline:{p}"],
    "run-config": lambda p: ["run", "films.csv", "--config", p],
    "prepare-file": lambda p: ["prepare", p, "-q"],
    "prepare-out": lambda p: ["prepare", "films.csv", "-q", "--out-dir", p],
    "train": lambda p: ["train", p],
    "train-valid": lambda p: ["train", "films.csv", "-v", p],
    "predict-file": lambda p: ["predict", p, "--model", "m"],
    "predict-run": lambda p: ["predict", "films.csv", "--run-dir", p],
    "predict-out": lambda p: [
        *("predict", "films.csv", "--model", "m", "--format", "completion", "--out", p),
    ],
    "score": lambda p: ["score", p],
    "follow": lambda p: ["follow", p],
    "cancel": lambda p: ["cancel", p],
    "jobs": lambda p: ["jobs", "--base-url", f"offline:{p}"],
    "export": lambda p: ["export", "m", "--out", p],
    "export-model": lambda p: ["export", p, "--out", "out"],
    "sweep-file": lambda p: [
        *("sweep", p, "--examples", "10", "--epochs", "1", "--out-dir", "s"),
    ],
    "sweep-out": lambda p: [
        *("sweep", "films.csv", "--examples", "10", "--epochs", "1", "--out-dir", p),
    ],
    "rules": lambda p: ["rules", p],
    "config": lambda p: ["config", "show", "--config", p],
    "plugins-info": lambda p: ["plugins", "info", p],
    "plugins-new": lambda p: ["plugins", "new", p],
    "keys-list": lambda p: ["keys", "list", "--file", p],
    "keys-new": lambda p: ["keys", "new", "me", "--file", p],
    "serve": lambda p: ["serve", "--port", "0", "--keys", p],
}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "k" * 20)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    new_world(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "circle").symlink_to("circle")
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_no_path_makes_a_command_fail_unexpectedly(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind, path in BAD_PATHS.items():
        if command == "serve" and kind == "missing":
            continue
        if kind == "root" and command in ("run-service", "jobs", "run-folder", "run-runs"):
            continue  # one may be allowed to write there
        if kind == "root" and command in ("prepare-out", "sweep-out"):
            continue
        code = main(COMMANDS[command](path))
        told = capsys.readouterr().err
        assert code in (0, 1, 2), (kind, told)
        assert "unexpected" not in told.replace("unexpected argument", ""), (kind, told)
        assert "Traceback" not in told, (kind, told)


CONFIGS = {
    "binary": b"\x00\x01\x02",
    "not-utf-8": b"[data]\nprofile = '\xff'\n",
    "byte-order-mark": b"\xef\xbb\xbf[data]\n",
    "utf-16": "[data]\n".encode("utf-16"),
    "nul": b"[run]\nfolder = 'a\x00b'\n",
    "escaped-nul": b'[run]\nfolder = "a\\u0000b"\n',
    "nested": b"x = " + b"[" * 20_000 + b"]" * 20_000,
    "huge": b"#" * (5 << 20),
    "a-list": b"data = [1]\n",
}


@pytest.mark.parametrize("name", ["pitchpipe.toml", "pyproject.toml"])
@pytest.mark.parametrize("kind", CONFIGS)
def test_a_damaged_configuration_is_named(
    kind: str, name: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = CONFIGS[kind]
    if name == "pyproject.toml" and kind in ("escaped-nul", "a-list"):
        content = content.replace(b"[run]", b"[tool.pitchpipe.run]")
        content = content.replace(b"data =", b"tool.pitchpipe.data =")
    (place / name).write_bytes(content)
    for words in (["run", "films.csv"], ["prepare", "films.csv", "-q"], ["jobs"]):
        code = main(words)
        told = capsys.readouterr().err
        if kind == "escaped-nul" and words[0] != "run":
            continue  # the folder of runs has no part there
        assert code == 2, told
        assert "unexpected" not in told
        assert kind == "escaped-nul" or name in told


def test_a_folder_in_place_of_the_configuration_is_named(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "pitchpipe.toml").mkdir()
    assert main(["config", "show"]) == 2
    assert "pitchpipe.toml: cannot be read: Is a directory" in capsys.readouterr().err


def test_a_configuration_without_end_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", "--config", "/dev/zero"]) == 2
    assert "/dev/zero: larger than" in capsys.readouterr().err
    assert main(["score", "/dev/zero"]) == 1
    assert "/dev/zero: is a device" in capsys.readouterr().err


def shell(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script in which $PP is the command line, with buffered streams as users have them."""
    variables = {**os.environ, "PP": f"{sys.executable} -m pitchpipe", **environment}
    variables.pop("PYTHONUNBUFFERED", None)
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=False, timeout=300,
        env=variables,
    )  # fmt: skip


@pytest.mark.parametrize("words", ["rules", "--help", "rules --help", "--version", "config show"])
def test_a_full_standard_output_is_named(words: str) -> None:
    done = shell(f"$PP {words} > /dev/full")
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("pitchpipe: error: standard output: cannot be written: No space")
    assert len(done.stderr.splitlines()) == 1


def test_a_closed_standard_output_is_refused_before_anything_is_done(place: Path) -> None:
    done = shell("$PP run films.csv --run-dir r >&-")
    assert (done.returncode, "Standard output is closed" in done.stderr) == (2, True)
    assert not (place / "r").exists()


def test_other_closed_or_full_streams_do_no_harm() -> None:
    whole = shell("$PP rules").stdout
    for script in (
        "$PP rules <&-",
        "$PP rules 2>&-",
        "$PP rules <&- 2>&-",
        "$PP rules 2>/dev/full",
    ):
        done = shell(script)
        assert (done.returncode, done.stdout, done.stderr) == (0, whole, "")
    assert shell("$PP prepare films.csv -q 2>/dev/full").returncode == 0


def test_a_reader_that_goes_away_is_no_error() -> None:
    done = shell('$PP rules | true; exit "${PIPESTATUS[0]}"')
    assert done.returncode in (0, 141)
    assert done.stderr == ""


@pytest.mark.parametrize(
    "words",
    ["run films.csv", "config show", "config init", "jobs", "sweep --sample --examples 10 "
     "--epochs 1 --out-dir o"],
)  # fmt: skip
def test_a_folder_that_was_deleted_is_named(words: str) -> None:
    done = shell(f"mkdir gone && cd gone && rmdir ../gone && $PP {words}")
    assert done.returncode in (1, 2)
    assert "unexpected" not in done.stderr
    assert "current folder was deleted" in done.stderr or "No such file" in done.stderr


def test_a_home_that_is_not_known_is_named() -> None:
    done = shell("unset HOME; $PP jobs --base-url 'offline:~nobody-here/x'")
    assert done.returncode == 2, done.stderr
    assert "no home folder" in done.stderr


def test_a_plain_locale_is_enough(place: Path) -> None:
    (place / "ünï.csv").write_text("text,tag\nné,ja\n" * 30, encoding="utf-8")
    for locale in ("C", "POSIX"):
        done = shell("$PP prepare ünï.csv --dry-run -q", LC_ALL=locale, PYTHONUTF8="0")
        assert "unexpected" not in done.stderr, done.stderr


def test_too_few_open_files_are_named() -> None:
    done = shell("ulimit -n 6; $PP run films.csv --run-dir r")
    assert done.returncode != 0
    assert "fault of Pitchpipe" not in done.stderr


@pytest.mark.parametrize(
    ("error", "words"),
    [
        *(
            (OSError(number, os.strerror(number), "a/b"), "a/b: the system refused it: ")
            for number in (
                errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EISDIR, errno.ENOTDIR,
                errno.ENAMETOOLONG, errno.ELOOP, errno.EMFILE, errno.EIO, errno.EXDEV,
            )
        ),
        (OSError("odd"), "the system refused it: odd"),
        (MemoryError(), "not enough memory"),
        (RecursionError("maximum depth"), "nested too deep"),
        (ValueError("embedded null byte"), "NUL"),
        (UnicodeEncodeError("utf-8", "a\udcff", 1, 2, "surrogates"), "not UTF-8"),
    ],
)  # fmt: skip
def test_what_can_strike_anywhere_is_in_words(error: Exception, words: str) -> None:
    found = explained(error)
    assert found is not None
    assert words in str(found)
    assert found.exit_code in (1, 2)


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("x"), UnicodeError("x"), TypeError()])
def test_faults_stay_faults(error: Exception) -> None:
    assert explained(error) is None


def test_a_usage_error_is_one_of_two() -> None:
    assert isinstance(explained(ValueError("embedded null byte")), UsageError)
