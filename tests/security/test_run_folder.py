"""What was edited, truncated or deleted in a run folder is named, and the advice works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pitchpipe import PluginHost
from pitchpipe.cli import main
from pitchpipe.errors import DataError, RunError, UsageError
from pitchpipe.journal import Journal
from pitchpipe.predictions import check_lines
from pitchpipe.sweep import Sweep
from run_folders import World, finished_run, kept, new_world

FILES = (
    "predictions.jsonl", "scores.json", "job.json", "events.jsonl", "metrics.csv", "model.json",
    "findings.json", "prepared/train.jsonl", "prepared/valid.jsonl", "prepared/manifest.json",
)  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> World:
    return finished_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(autouse=True)
def whole(finished: World) -> None:
    kept(finished.folder, finished.base / "copy")


@pytest.mark.parametrize("damage", ["edit", "empty", "garbage", "folder"])
@pytest.mark.parametrize("name", FILES)
def test_what_changed_is_named_and_made_again_once_deleted(
    finished: World, name: str, damage: str
) -> None:
    path = finished.folder / name
    before, scores, content = finished.paid(), finished.run().scores, path.read_bytes()
    if damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes({"edit": content + b"\n", "empty": b"", "garbage": b"\xff\0"}[damage])
    with pytest.raises(RunError, match="the content has changed since") as caught:
        finished.run()
    assert str(path) in str(caught.value)
    assert "delete it" in str(caught.value)

    path.rmdir() if damage == "folder" else path.unlink()
    assert finished.run().scores == scores
    assert path.is_file()
    assert finished.paid() == before, "no second job and no second upload"
    assert finished.run().scores == scores, "and the run is whole again"


def test_what_is_missing_is_said(finished: World, caplog: pytest.LogCaptureFixture) -> None:
    (finished.folder / "predictions.jsonl").unlink()
    finished.run()
    assert any("predictions.jsonl: missing, and is made again" in m for m in caplog.messages)


def test_scores_are_computed_again_for_other_predictions(finished: World) -> None:
    (finished.folder / "scores.json").unlink()
    (finished.folder / "predictions.jsonl").unlink()
    assert finished.run().scores["rows"] == 8


@pytest.mark.parametrize("content", [b"", b"{}\n", b"\xff\n", b"[" * 100_000 + b"\n", b"x"])
def test_garbage_for_predictions_is_an_error_that_names_the_file(
    finished: World, content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "predictions.jsonl"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"predictions\.jsonl"):
        finished.pipeline.score(path)


def test_the_other_commands_name_it_too(
    finished: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name, words in (
        ("predictions.jsonl", ["score", str(finished.folder / "predictions.jsonl")]),
        ("model.json", ["predict", str(finished.table), "--run-dir", str(finished.folder)]),
        ("config.toml", ["predict", str(finished.table), "--run-dir", str(finished.folder)]),
    ):
        kept(finished.folder, finished.base / "copy")
        with (finished.folder / name).open("ab") as stream:
            stream.write(b"\n")
        out = ["--out", str(tmp_path / "out.jsonl")] if words[0] == "predict" else []
        assert main([*words, *out]) == 1
        assert f"{name}: the content has changed" in capsys.readouterr().err
    edited = shutil.copy(finished.folder / "predictions.jsonl", tmp_path / "copy.jsonl")
    assert main(["score", str(edited)]) == 0, "a copy is scored as it is"


def test_predictions_cut_before_they_were_written_down_are_refused(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.run()
    path = world.folder / "predictions.jsonl"
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole[:-3]))
    with pytest.raises(RunError, match=r"holds 5 predictions, and they are not those of the 8"):
        check_lines(path, list(range(1, 9)))


def test_a_moved_or_linked_run_folder_is_the_same_run(finished: World) -> None:
    before = finished.paid()
    moved = finished.base / "moved"
    shutil.rmtree(moved, ignore_errors=True)
    shutil.move(finished.folder, moved)
    assert [finished.pipeline.run(finished.table, moved).job.id] == before[0]
    link = finished.base / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(moved)
    assert [finished.pipeline.run(finished.table, link).job.id] == before[0]
    assert finished.paid() == before


def test_a_second_process_is_refused(finished: World) -> None:
    with (
        Journal(finished.folder / "journal.jsonl"),
        pytest.raises(RunError, match="another process is at work on this run"),
    ):
        finished.run()


def test_a_refused_sweep_leaves_nothing(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    for existing in (False, True):
        folder = tmp_path / f"sweep-{existing}"
        if existing:
            folder.mkdir()
            (folder / "mine.txt").write_text("mine", encoding="utf-8")
        with pytest.raises(UsageError):
            Sweep(
                world.pipeline.config, world.table, models=["babbage-002"], examples=[1000],
                epochs=[1], out_dir=folder, host=PluginHost(entry_points=False),
            ).run()  # fmt: skip
        left = [path.name for path in folder.iterdir()] if folder.exists() else []
        assert left == (["mine.txt"] if existing else [])
        assert folder.exists() == existing


FULL = textwrap.dedent(
    """
    import resource, sys
    from pathlib import Path
    from run_folders import World

    world = World(Path(sys.argv[1]))
    limit = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    from pitchpipe.cli import main
    sys.exit(main(world.words))
    """
)


@pytest.mark.parametrize("limit", [100, 1200, 2500, 4000])
def test_a_run_on_a_full_disk_leaves_no_half_file_and_goes_on(tmp_path: Path, limit: int) -> None:
    world = new_world(tmp_path)
    support = str(Path(__file__).parents[1] / "support")
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), str(limit)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": support},
    )
    assert done.returncode == 1, done.stderr
    assert "unexpected" not in done.stderr
    assert "Traceback" not in done.stderr
    run = world.run()
    assert run.scores["rows"] == 8
    assert [run.job.id] == world.paid()[0]
    assert not [path for path in run.folder.rglob(".*") if path.is_file()]
