"""The command that prepare advises works, whatever the rows are."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MINI = "gpt-4.1-mini-2025-04-14"
GRADER = """
[training.method_options.grader]
type = "string_check"
name = "same"
operation = "eq"
input = "{{sample.output_text}}"
reference = "{{item.answer}}"
"""


def _user(n: int) -> dict[str, str]:
    return {"role": "user", "content": f"Open at {n}?"}


def _answer(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


ROWS: dict[str, Callable[[int], dict[str, Any]]] = {
    "labels": lambda n: {"text": f"parcel {n}", "label": ("late", "early")[n % 2]},
    "completions": lambda n: {"prompt": f"gate {n}", "completion": f"opens at {n}"},
    "open-ended": lambda n: {"prompt": "", "completion": f"Gate {n} opens at {n}."},
    "chats": lambda n: {"messages": [_user(n), _answer(f"From {n}.")]},
    "preferences": lambda n: {
        "input": {"messages": [_user(n)]},
        "preferred_output": [_answer(f"From {n}.")],
        "non_preferred_output": [_answer("No idea.")],
    },
    "graded": lambda n: {"messages": [_user(n)], "answer": str(n)},
}


@pytest.fixture
def write_kind(tmp_path: Path) -> Callable[[str, int], str]:
    def write(kind: str, rows: int = 24) -> str:
        lines = (json.dumps(ROWS[kind](n)) for n in range(rows))
        (tmp_path / f"{kind}.jsonl").write_text("\n".join(lines), encoding="utf-8")
        (tmp_path / "graded.toml").write_text(GRADER, encoding="utf-8")
        return f"{kind}.jsonl"

    return write


@pytest.mark.parametrize(
    ("kind", "flags", "model", "method"),
    [
        ("labels", [], "babbage-002", "supervised"),
        ("labels", ["--model", MINI], MINI, "supervised"),
        ("completions", ["--model", "gpt-4o-mini"], "gpt-4o-mini", "supervised"),
        ("open-ended", [], "babbage-002", "supervised"),
        ("open-ended", ["--profile", "legacy"], "babbage-002", "supervised"),
        (
            "labels",
            ["--profile", "legacy", *["--prompt-column", "text", "--completion-column", "label"]],
            "babbage-002",
            "supervised",
        ),
        ("chats", [], MINI, "supervised"),
        ("chats", ["--model", "gpt-4o-mini"], "gpt-4o-mini", "supervised"),
        ("preferences", [], MINI, "dpo"),
        ("preferences", ["--method", "dpo"], MINI, "dpo"),
        ("graded", ["--config", "graded.toml"], "o4-mini-2025-04-16", "reinforcement"),
    ],
)
def test_what_is_advised_trains(
    cli: Any, write_kind: Any, kind: str, flags: list[str], model: str, method: str
) -> None:
    done = cli("prepare", write_kind(kind), "-q", "--json", *flags).json
    manifest = json.loads(Path(done["manifest"]).read_text(encoding="utf-8"))
    assert manifest["training"] == {"model": model, "method": method}
    words = shlex.split(done["next"])
    assert f"--model {model}" in done["next"]
    job = cli(*words[1:]).out.strip()
    assert cli("follow", job, "--json").code == 0


@pytest.mark.parametrize(
    ("kind", "flags"),
    [
        ("chats", ["--model", "babbage-002"]),
        ("open-ended", ["--model", MINI]),
        ("open-ended", ["--model", MINI, "--profile", "legacy"]),
        ("preferences", ["--model", "davinci-002"]),
        ("preferences", ["--method", "supervised"]),
        ("graded", ["--model", MINI]),
        ("chats", ["--method", "dpo"]),
    ],
)
@pytest.mark.parametrize("verb", ["prepare", "train", "run", "sweep"])
def test_what_does_not_fit_is_refused_by_every_command(
    cli: Any, write_kind: Any, tmp_path: Path, verb: str, kind: str, flags: list[str]
) -> None:
    if verb == "train" and "--profile" in flags:
        flags = flags[:2]
    if verb == "sweep" and flags[0] == "--model":
        flags = ["--models", *flags[1:]]
    extra = {
        "prepare": ["-q"],
        "sweep": ["--examples", "5", "--epochs", "1", "--out-dir", "sweep"],
    }.get(verb, [])
    if verb in ("run", "sweep") and "--profile" in flags:
        flags = [*flags[:2], "--set", "data.profile=legacy"]
    if verb == "sweep" and "--method" in flags:
        flags = ["--set", f"training.method={flags[1]}"]
    result = cli(verb, write_kind(kind), *flags, *extra)
    assert result.code == 2
    assert f"{kind}.jsonl: the rows " in result.err
    assert not (tmp_path / ".pitchpipe").exists()  # nothing was uploaded


def test_reinforcement_without_a_grader_says_what_to_set(cli: Any, write_kind: Any) -> None:
    done = cli("prepare", write_kind("graded"), "-q")
    assert "Before you train, set training.method_options.grader" in done.err
    next_ = done.err.rsplit("Next: pitchpipe ", 1)[1]
    refused = cli(*shlex.split(next_))
    assert refused.code == 2
    assert "no grader is set" in refused.err
    assert cli(*shlex.split(next_), "--config", "graded.toml").code == 0


def test_a_run_by_reinforcement_ends_well_and_a_sweep_says_why_not(
    cli: Any, write_kind: Any
) -> None:
    rows = write_kind("graded")
    run = cli("run", rows, "--config", "graded.toml", "--run-dir", "run")
    assert run.code == 0, run.err
    assert "There are no scores" in run.out
    assert "train_mean_reward" in Path("run/events.jsonl").read_text(encoding="utf-8")
    assert not Path("run/scores.json").exists()
    again = cli("run", rows, "--config", "graded.toml", "--run-dir", "run", "--json").json
    assert (again["method"], again["scores"]) == ("reinforcement", {})
    grid = ("--examples", "12", "--epochs", "1", "--out-dir", "sweep")
    refused = cli("sweep", rows, "--config", "graded.toml", *grid)
    assert refused.code == 2
    assert "hold no answers to score by" in refused.err


@pytest.mark.parametrize("kind", ["labels", "chats", "completions"])
@pytest.mark.parametrize(("rows", "held"), [(10, 0), (11, 1), (12, 2), (13, 3)])
def test_few_rows_end_well(cli: Any, write_kind: Any, kind: str, rows: int, held: int) -> None:
    done = cli("prepare", write_kind(kind, rows), "-q", "--json").json
    assert (done["train_rows"], done["valid_rows"]) == (10, held)
    said = " ".join(done["notes"])
    assert ("because a job needs 10 to train on" in said) is (held < 3)
    job = cli(*shlex.split(done["next"])[1:]).out.strip()
    assert cli("follow", job).code == 0


def test_a_splitter_that_leaves_too_few_is_told_what_helps(cli: Any, write_kind: Any) -> None:
    words = ("prepare", write_kind("chats", 11), "-q", "--splitter", "random")
    refused = cli(*words)
    assert refused.code == 1
    assert "--splitter auto" in refused.err
    assert cli(*words, "--splitter", "auto").code == 0
    assert cli(*words[:-2], "--set", "splitter.valid_fraction=0").code == 0


def test_equal_prompts_are_held_out_together_from_a_few_rows(cli: Any, tmp_path: Path) -> None:
    rows = [{"prompt": f"q {n // 2}", "completion": f"answer {n}"} for n in range(12)]
    lines = "\n".join(map(json.dumps, rows))
    (tmp_path / "pairs.jsonl").write_text(lines, encoding="utf-8")
    words = ("prepare", "pairs.jsonl", "-q", "--json", "--ignore", "conflicting-completions")
    done = cli(*words).json
    assert done["train_rows"] >= 10
    held = Path(done["valid"]).read_text(encoding="utf-8").splitlines() if done["valid"] else []
    trained = Path(done["train"]).read_text(encoding="utf-8")
    assert not any(json.loads(line)["prompt"] in trained for line in held)


@pytest.mark.parametrize("header", ["completion", " Completion"])
def test_completions_alone_are_continued_from_nothing(
    cli: Any, tmp_path: Path, header: str
) -> None:
    texts = "".join(f'"Note {n}: the tide tables are out."\n' for n in range(12))
    (tmp_path / "only.csv").write_text(f"{header}\n{texts}", encoding="utf-8")
    done = cli("prepare", "only.csv", "-q", "--json").json
    assert any("completions only" in note for note in done["notes"])
    first = json.loads(Path(done["train"]).read_text(encoding="utf-8").splitlines()[0])
    assert first == {"prompt": "", "completion": " Note 0: the tide tables are out."}
    job = cli(*shlex.split(done["next"])[1:]).out.strip()
    assert cli("follow", job).code == 0


def test_a_single_column_of_another_name_is_told_how_it_can_be_trained(
    cli: Any, tmp_path: Path
) -> None:
    texts = "".join(f"Note {n}\n" for n in range(12))
    (tmp_path / "text.csv").write_text(f"text\n{texts}", encoding="utf-8")
    refused = cli("prepare", "text.csv", "-q")
    assert refused.code == 1
    assert "call the column 'completion'" in refused.err
    (tmp_path / "text.csv").write_text(f"completion\n{texts}", encoding="utf-8")
    assert cli("prepare", "text.csv", "-q").code == 0
