"""A journal that is not what was written never leads to a second job."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe import PluginHost
from pitchpipe.cli import main
from pitchpipe.errors import RunError
from pitchpipe.journal_head import head_of
from pitchpipe.sweep import Sweep
from run_folders import World, finished_run, kept, new_world


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A finished run, and beside it a copy."""
    return finished_run(tmp_path_factory.mktemp("journal"))


@pytest.fixture(autouse=True)
def whole(finished: World) -> None:
    kept(finished.folder, finished.base / "copy")


def journal(world: World) -> Path:
    return world.folder / "journal.jsonl"


def refused(world: World) -> str:
    before = world.paid()
    with pytest.raises(RunError) as caught:
        world.run()
    assert world.paid() == before, "nothing is paid for"
    assert "--fresh" in str(caught.value)
    return str(caught.value)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_prefix_of_a_journal_pays_twice(finished: World, data: st.DataObject) -> None:
    kept(finished.folder, finished.base / "copy")
    content = journal(finished).read_bytes()
    boundaries = [i + 1 for i, byte in enumerate(content) if byte == 10]
    cut = data.draw(st.sampled_from([0, *boundaries[:-1]]) | st.integers(0, len(content) - 1))
    journal(finished).write_bytes(content[:cut])
    before = finished.paid()
    steps = content.count(b'"n": ')
    if content[:cut].count(b'"n": ') == steps and content[:cut].endswith(b"\n"):
        assert [finished.run().job.id] == before[0], "remarks alone were cut off"
    elif (content[: cut + 1].rpartition(b"\n")[0] + b"\n").count(b'"n": ') < steps:
        with pytest.raises(RunError, match=r"(?s)journal\.jsonl.*--fresh"):
            finished.run()
    else:
        assert [finished.run().job.id] == before[0], "half a remark was cut off"
    assert finished.paid() == before


def test_a_half_line_after_all_that_is_counted_is_that_of_a_killed_process(
    finished: World,
) -> None:
    before = finished.paid()
    with journal(finished).open("ab") as stream:
        stream.write(b'{"at": "2026-11-30", "entry": "do')
    assert [finished.run().job.id] == before[0]
    assert finished.paid() == before


def _without(line: bytes) -> bytes:
    value = json.loads(line)
    return json.dumps({**value, "outcome": {**value["outcome"], "job_id": "ftjob-x"}}).encode()


def _edit(content: bytes) -> bytes:
    lines = content.splitlines()
    place = next(i for i, line in enumerate(lines) if b'"job_id"' in line)
    return b"\n".join([*lines[:place], _without(lines[place]), *lines[place + 1 :], b""])


def _drop_one(content: bytes) -> bytes:
    return b"".join(line for line in content.splitlines(True) if b'"job_id"' not in line)


def _swap(content: bytes) -> bytes:
    steps = [line for line in content.splitlines(True) if b'"n"' in line]
    return b"".join([steps[1], steps[0], *steps[2:]])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: b"", "missing or empty"),
        (_edit, "an entry has changed"),
        (_drop_one, "holds .* of the .* entries"),
        (_swap, "an entry has changed"),
        (lambda content: b"\0" * len(content), r"missing|holds 0|not a JSON object"),
        (lambda content: b"[" * 100_000 + b"\n", "line 1: not a JSON object"),
        (lambda content: b'{"entry": "done", "step": "job"}\n', "line 1"),
    ],
)
def test_a_damaged_journal_is_refused(
    finished: World, damage: Callable[[bytes], bytes], message: str
) -> None:
    path = journal(finished)
    content = damage(path.read_bytes())
    path.write_bytes(content)
    before = finished.paid()
    with pytest.raises(RunError, match=message):
        finished.run()
    assert finished.paid() == before
    assert path.read_bytes() == content, "it is left for a person to look at"


def test_a_deleted_journal_is_refused_and_not_made_anew(finished: World) -> None:
    journal(finished).unlink()
    refused(finished)
    assert not journal(finished).exists()


def test_a_deleted_head_is_refused(finished: World) -> None:
    head_of(journal(finished)).unlink()
    assert "journal.jsonl.head: missing" in refused(finished)


def test_a_damaged_head_is_refused(finished: World) -> None:
    head_of(journal(finished)).write_bytes(b"\xff{")
    assert "journal.jsonl.head: damaged" in refused(finished)


def test_journal_and_head_deleted_together_leave_their_traces(finished: World) -> None:
    journal(finished).unlink()
    head_of(journal(finished)).unlink()
    refused(finished)


def test_the_advice_works(finished: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(finished.base)
    journal(finished).unlink()
    table = str(finished.table)
    assert main(["run", table, "--run-dir", str(finished.folder), "--fresh"]) == 1
    assert main(["run", table, "--fresh"]) == 0
    content = (finished.base / "copy" / "journal.jsonl").read_bytes()
    journal(finished).write_bytes(content)
    assert [finished.run().job.id] == finished.paid()[0]


def test_a_run_of_an_earlier_version_goes_on(finished: World) -> None:
    before = finished.paid()
    lines = []
    for line in journal(finished).read_text(encoding="utf-8").splitlines():
        value = json.loads(line)
        value.pop("n", None)
        if value.get("step") in ("config", "rewrite"):
            continue
        if "outcome" in value:
            value["outcome"].pop("files", None)
            value["outcome"].pop("predictions", None)
        lines.append(json.dumps(value))
    journal(finished).write_text("\n".join([*lines, ""]), encoding="utf-8")
    head_of(journal(finished)).unlink()
    assert [finished.run().job.id] == before[0]
    assert head_of(journal(finished)).exists(), "from now on it is counted"
    assert finished.paid() == before


def test_training_beside_prepared_files_is_guarded_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    world = new_world(tmp_path)
    world.pipeline.prepare(world.table)
    words = ["train", "films_prepared_train.jsonl", "-v", "films_prepared_valid.jsonl"]
    words += ["--base-url", f"offline:{tmp_path / 'service'}"]
    assert main(words) == 0
    first = capsys.readouterr().out.strip()
    path = tmp_path / ".films_prepared_train.jsonl.journal"
    path.unlink()
    assert main(words) == 1
    assert "pass --fresh" in capsys.readouterr().err
    assert [first] == world.paid()[0]
    assert main([*words, "--fresh"]) == 0
    assert len(world.paid()[0]) == 2


def test_a_cell_of_a_sweep_is_guarded_alike(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    host = PluginHost(entry_points=False)

    def made() -> Sweep:
        return Sweep(
            world.pipeline.config, world.table, models=["babbage-002"], examples=[12], epochs=[1],
            out_dir=tmp_path / "sweep", host=host,
        )  # fmt: skip

    [cell] = made().run().cells
    before = world.paid()
    (cell.folder / "journal.jsonl").unlink()
    [again] = made().run().cells
    assert "journal.jsonl: missing" in again.error
    assert f"delete the folder {cell.folder}" in again.error
    assert world.paid() == before
    shutil.rmtree(cell.folder)
    [anew] = made().run().cells
    assert not anew.error
