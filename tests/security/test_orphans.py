"""What killed processes leave is collected, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datafolders import calling, form, told
from pitchpipe.errors import PitchpipeError
from pitchpipe.service.storage import orphans
from pitchpipe.service.storage.layout import Layout

UPLOAD = {"filename": "x", "purpose": "fine-tune", "bytes": 5, "mime_type": "a/b"}
SAFE = orphans.SAFE_SECONDS


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def plant(folder: Path, age: float = 0.0) -> list[Path]:
    """What is left by processes that were killed at the worst moments."""
    files, models = folder / "files", folder / "models"
    planted = [
        files / f"file-{'o' * 24}",  # between its bytes and its object
        files / f"part_{'o' * 24}",
        files / f".file-{'p' * 24}.0123abcd",  # while its bytes came
        models / f"ftckpt_{'o' * 24}",
    ]
    for path in planted[:3]:
        path.write_bytes(b"left")
    planted[3].mkdir()
    (planted[3] / "weights").write_bytes(b"left")
    then = time.time() - age
    for path in planted:
        os.utime(path, (then, then))
    return planted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a file, a part, a finished job and its models."""
    with calling(tmp_path / "data") as caller:
        job_id = caller.create_job()
        for _ in range(20):
            caller.service.advance(job_id)
        upload_id = caller.call("POST", "uploads", UPLOAD)["id"]
        caller.add_part(upload_id, b"12345")
    return tmp_path / "data"


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for part in ("files", "models")
        for path in (folder / part).rglob("*")
        if path.is_file()
    }


def test_what_nobody_names_is_removed_and_all_else_stays(folder: Path) -> None:
    before = contents(folder)
    assert len(before) > 4
    planted = plant(folder)
    partial = folder / "models" / f".ftckpt_{'q' * 24}"
    partial.mkdir()
    (folder / ".files").mkdir()
    (folder / "snapshots" / ".3").mkdir()
    with calling(folder):
        assert contents(folder) == before
        assert not any(path.exists() for path in [*planted, partial])
        assert not (folder / ".files").exists()
        assert not (folder / "snapshots" / ".3").exists()


def test_what_others_put_there_is_left_alone(folder: Path) -> None:
    strange = [folder / "files" / "README", folder / "models" / "mine.npz", folder / "files/.x"]
    for path in strange:
        path.write_text("mine")
    with calling(folder):
        assert all(path.read_text() == "mine" for path in strange)


def test_a_second_service_removes_only_what_is_old(folder: Path) -> None:
    with calling(folder) as first:
        young = plant(folder)
        with calling(folder):
            assert all(path.exists() for path in young)
        for path in young:
            then = time.time() - SAFE - 60
            os.utime(path, (then, then))
        before = first.call("GET", "files")["data"]
        with calling(folder):
            assert not any(path.exists() for path in young)
        assert first.call("GET", "files")["data"] == before
    young = plant(folder)
    with calling(folder):
        assert not any(path.exists() for path in young)


def test_locks_are_removed_only_when_nobody_can_hold_them(folder: Path) -> None:
    locks = Layout(folder).locks
    with calling(folder) as first:
        job_id = first.create_job()
        with first.service.blobs.claim(job_id) as mine:
            assert mine
            with calling(folder) as second, second.service.blobs.claim(job_id) as also_mine:
                assert not also_mine
        assert len(list(locks.iterdir())) > 3
    with calling(folder):
        assert {path.name for path in locks.iterdir()} <= {"open", ".work", ".present"}


KILLED = """
import os, signal, sys
from pathlib import Path
from datafolders import calling, form, told
from pitchpipe.service.storage.store import Store
add = Store.add
def die(self, kind, *args, **more):
    if kind == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
    add(self, kind, *args, **more)
Store.add = die
with calling(Path(sys.argv[1])) as caller:
    upload = {"filename": "x", "purpose": "fine-tune", "bytes": 5, "mime_type": "a/b"}
    caller.add_part(caller.call("POST", "uploads", upload)["id"], b"12345")
    job = caller.create_job()
    for _ in range(20):
        caller.service.advance(job)
"""


@pytest.mark.parametrize(
    ("kind", "left"), [("file", "files/file-"), ("part", "files/part_"), ("checkpoint", "models/")]
)
def test_a_kill_between_bytes_and_object_leaves_nothing(folder: Path, kind: str, left: str) -> None:
    before = contents(folder)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), kind],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "support")},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    after = contents(folder)
    assert any(name.startswith(left) for name in after.keys() - before.keys())
    with calling(folder) as caller:
        named = contents(folder)
        for name in before:
            assert named[name] == before[name]
        store = caller.service.store
        kept = store.ids("file") | store.ids("part") | store.keys("model")
        assert {name.split("/")[1] for name in named} <= kept
        for job in caller.call("GET", "fine_tuning/jobs")["data"]:
            for _ in range(30):
                caller.service.advance(job["id"])
            assert caller.job(job["id"])["status"] == "succeeded"


def test_parts_of_uploads_whose_time_is_over_are_removed(folder: Path) -> None:
    def parts() -> list[Path]:
        return [path for path in (folder / "files").iterdir() if path.name.startswith("part_")]

    assert len(parts()) == 1
    with calling(folder, clock=lambda: time.time() + 7200) as caller:
        assert parts() == []
        assert caller.service.store.with_status("upload", "pending") == []


def test_a_file_whose_time_is_over_is_removed(folder: Path) -> None:
    with calling(folder) as caller:
        _, body = form(b"x")
        for name, value in (("anchor", "created_at"), ("seconds", "3600")):
            more = f'name="expires_after[{name}]"\r\n\r\n{value}\r\n'
            body = b"--b\r\nContent-Disposition: form-data; " + more.encode() + body
        headers = {"content-type": "multipart/form-data; boundary=b"}
        file_id = told(caller.ask("POST", "files", body, headers))["id"]
        assert (folder / "files" / file_id).exists()
    with calling(folder, clock=lambda: time.time() + 7200):
        assert not (folder / "files" / file_id).exists()


@pytest.mark.parametrize("how", ["deleted", "emptied"])
def test_without_its_database_nothing_is_removed_and_the_start_is_refused(
    folder: Path, how: str
) -> None:
    """Files without the database that names them are not left by a killed process."""
    before = contents(folder)
    database = folder / "service.sqlite3"
    saved = database.read_bytes()
    for _ in range(2):
        if how == "deleted":
            database.unlink()
        else:
            database.write_bytes(b"")
        with (
            pytest.raises(PitchpipeError, match=r"service\.sqlite3: .*empty, but files or models"),
            calling(folder),
        ):
            pass
        assert contents(folder) == before
    database.write_bytes(saved)
    with calling(folder):
        assert contents(folder) == before
