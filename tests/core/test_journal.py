from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.errors import RunError
from pitchpipe.files import WriteError
from pitchpipe.journal import FILE_NAME, Journal, LineFile, MemoryLedger, note
from pitchpipe.journal_head import JournalHead
from pitchpipe.stages import Ledger

RunPython = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / FILE_NAME


def entries(path: Path, kind: str) -> list[dict[str, Any]]:
    lines = map(json.loads, path.read_text(encoding="utf-8").split("\n")[:-1])
    return [line for line in lines if line["entry"] == kind]


# --- interruptions -------------------------------------------------------------------------------


class Crash(BaseException):
    """The process ends here."""


def run(ledger: Ledger, steps: list[str], attempt: int, calls: float) -> dict[str, Any]:
    """What a stage does: each step once, repeating the first intention of an earlier attempt."""

    def call() -> None:
        nonlocal calls
        calls -= 1
        if calls < 0:
            raise Crash

    outcomes: dict[str, Any] = {}
    for step in steps:
        outcome: Mapping[str, Any] | None = ledger.outcome(step)
        if outcome is None:
            call()
            intention = ledger.intend(step, {"attempt": attempt})
            call()
            outcome = {"first": intention["attempt"]}
            ledger.done(step, outcome)
        outcomes[step] = outcome
    return outcomes


STEPS = st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=6, unique=True)


@settings(max_examples=100)
@given(
    steps=STEPS, crashes=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 200)), max_size=3)
)
def test_after_any_interruptions_the_end_is_the_same(
    steps: list[str], crashes: list[tuple[int, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE_NAME
        whole: list[bytes] = []
        for attempt, (calls, torn) in enumerate(crashes):
            try:
                with Journal(path) as journal:
                    run(journal, steps, attempt, calls)
            except Crash:
                # the kill struck while the last line was on its way to the disk
                content = path.read_bytes()
                whole = content.splitlines(keepends=True)[:-1] if torn else [content]
                kept = sum(map(len, whole))
                os.truncate(path, max(kept, len(content) - torn))
                if torn:
                    counted(whole).save(path)
        with Journal(path) as journal:
            outcomes = run(journal, steps, len(crashes), float("inf"))
        assert path.read_bytes().startswith(b"".join(whole)), "whole lines are kept"

        firsts = {}
        for line in entries(path, "intend"):
            firsts.setdefault(line["step"], line["detail"]["attempt"])
        assert outcomes == {step: {"first": firsts[step]} for step in steps}
        for kind in ("intend", "done"):
            assert [line["step"] for line in entries(path, kind)] == steps, f"each {kind} once"
        with Journal(path) as journal:
            assert run(journal, steps, -1, 0) == outcomes, "nothing is left to do"


@settings(max_examples=60)
@given(steps=STEPS, cut=st.integers(0, 2000))
def test_what_a_killed_process_wrote_before_it_could_count_it_is_gone_on_from(
    steps: list[str], cut: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE_NAME
        with Journal(path) as journal:
            run(journal, steps, 0, float("inf"))
        os.truncate(path, min(cut, path.stat().st_size))
        whole = path.read_bytes().split(b"\n")[:-1]
        counted(whole[:-1]).save(path)
        begun = {json.loads(line)["step"] for line in whole}
        with Journal(path) as journal:
            outcomes = run(journal, steps, 1, float("inf"))
        assert outcomes == {step: {"first": int(step not in begun)} for step in steps}
        assert [line["step"] for line in entries(path, "done")] == steps


def counted(lines: list[bytes]) -> JournalHead:
    head = JournalHead()
    for line in lines:
        head = head.after(json.loads(line))
    return head


def test_the_first_intention_wins(path: Path) -> None:
    with Journal(path) as journal:
        assert journal.intend("job", {"key": 1}) == {"key": 1}
        assert journal.intend("job", {"key": 2}) == {"key": 1}
    with Journal(path) as journal:
        assert journal.outcome("job") is None
        assert journal.intend("job", {"key": 3}) == {"key": 1}
    assert len(entries(path, "intend")) == 1


def test_several_may_share_a_journal_by_scope(path: Path) -> None:
    with Journal(path, scope="a:") as journal:
        journal.intend("job", {"key": 1})
        journal.done("job", {"id": 1})
    with Journal(path, scope="b:") as journal:
        assert journal.outcome("job") is None
        assert journal.intend("job", {"key": 2}) == {"key": 2}
    with Journal(path) as journal:
        assert journal.outcome("a:job") == {"id": 1}


def test_a_ledger_in_memory_keeps_the_same_promises() -> None:
    ledger = MemoryLedger()
    with pytest.raises(Crash):
        run(ledger, ["a", "b"], 0, 3)
    assert run(ledger, ["a", "b"], 1, float("inf")) == {"a": {"first": 0}, "b": {"first": 0}}


# --- damage --------------------------------------------------------------------------------------


def test_a_torn_last_line_is_cut_off(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b'{"n": 1}\n{"n": "\xc3')
    with LineFile(path) as file:
        assert file.lines == [{"n": 1}]
        file.append({"n": "\ud800"})
    assert path.read_text(encoding="utf-8") == '{"n": 1}\n{"n": "\\ud800"}\n'
    with LineFile(path) as file:
        assert file.lines == [{"n": 1}, {"n": "\ud800"}]


@pytest.mark.parametrize("line", [b"{", b"", b"[1]", b"3", b"\x00\x00", b'{"n": "\xff"}'])
def test_a_damaged_line_before_the_last_is_named(path: Path, line: bytes) -> None:
    path.parent.mkdir()
    content = b'{"n": 1}\n' + line + b'\n{"n": 3}\n'
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"journal\.jsonl, line 2: not a JSON object; "):
        LineFile(path)
    assert path.read_bytes() == content, "it is left for a person to look at"


@pytest.mark.parametrize(
    ("line", "lacks"),
    [
        ('{"entry": "intend", "detail": {}}', "step"),
        ('{"entry": "intend", "step": "s"}', "detail"),
        ('{"entry": "done", "step": "s"}', "outcome"),
    ],
)
def test_an_entry_that_lacks_something_is_named(path: Path, line: str, lacks: str) -> None:
    path.parent.mkdir()
    path.write_text(f'{{"entry": "run-started"}}\n{line}\n', encoding="utf-8")
    for _ in range(2):  # and the lock is let go of
        with pytest.raises(RunError, match=rf"line 2: the entry has no '{lacks}'"):
            Journal(path)


# --- other processes -----------------------------------------------------------------------------


def test_a_second_process_is_refused(path: Path, run_python: RunPython) -> None:
    script = """
        import sys
        from pathlib import Path
        from pitchpipe.errors import RunError
        from pitchpipe.journal import Journal

        try:
            Journal(Path(sys.argv[1])).close()
        except RunError as error:
            print(error)
        """
    with Journal(path) as journal:
        refused = run_python(script, path)
        assert refused.stdout.startswith(f"{path}: another process is at work"), refused.stderr
        journal.done("step", {})
    allowed = run_python(script, path)
    assert (allowed.returncode, allowed.stdout, allowed.stderr) == (0, "", "")


def test_a_killed_process_lets_go(path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from pitchpipe.journal import Journal\n"
        "j = Journal(Path(sys.argv[1])); j.intend('s', {}); print('held', flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(RunError, match="another process"):
            Journal(path)
        holder.kill()
    with Journal(path) as journal:
        assert journal.intend("s", {"second": True}) == {}


def test_closing_twice_does_no_harm(path: Path) -> None:
    journal = Journal(path)
    journal.close()
    journal.close()
    Journal(path).close()


# --- the disk ------------------------------------------------------------------------------------


def test_a_full_disk_leaves_whole_lines(path: Path, run_python: RunPython) -> None:
    done = run_python(
        """
        import resource, sys
        from pathlib import Path
        from pitchpipe.files import WriteError
        from pitchpipe.journal import Journal, note

        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        path = Path(sys.argv[1])
        with Journal(path) as journal:
            for number in range(1000):
                try:
                    journal.done(f"step {number}", {"text": "x" * 100})
                except WriteError as error:
                    print(error)
                    break
            assert journal.outcome(f"step {number}") is None, "what is not on disk is not done"
            note(path.parent, "long", text="y" * 2000)
            print(number)
        """,
        path,
    )
    message, number = done.stdout.splitlines()
    assert message.startswith(f"{path}: cannot be written: "), done.stderr
    assert "finished work is kept" in message
    assert path.read_bytes().endswith(b"\n")
    with Journal(path) as journal:
        assert journal.outcome(f"step {int(number) - 1}") == {"text": "x" * 100}
    assert len(entries(path, "done")) == int(number)
    assert entries(path, "long") == []


def test_an_unwritable_folder_is_named(unwritable: Path) -> None:
    with pytest.raises(WriteError, match=r"journal\.jsonl: cannot be written: Permission denied"):
        Journal(unwritable / FILE_NAME)
    with pytest.raises(WriteError, match="cannot be written"):
        LineFile(unwritable)


def test_remarks_go_into_the_journal_and_change_nothing(path: Path) -> None:
    note(path.parent, "too-early")
    assert not path.exists()
    with Journal(path) as journal:
        journal.intend("step", {"a": 1})
        note(path.parent, "remark", words="naïve")
        journal.done("step", {"b": 2})
    assert [line["words"] for line in entries(path, "remark")] == ["naïve"]
    with Journal(path) as journal:
        assert journal.outcome("step") == {"b": 2}


def test_lines_that_need_not_last_are_written_too(path: Path) -> None:
    with LineFile(path, durable=False) as file:
        file.append({"n": 1})
        assert path.read_text(encoding="utf-8") == '{"n": 1}\n'
