"""What a service keeps is closed to other users, whatever the umask and whatever was there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from datafolders import calling, modes, serving, told
from pitchpipe.service.service import Service


@pytest.fixture(params=[0o000, 0o022, 0o027, 0o777])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def open_to_others(folder: Path) -> dict[str, str]:
    """What is not closed, or not open to this user."""
    wrong = {}
    for path, mode in modes(folder).items():
        expected = 0o700 if Path(path).is_dir() else 0o600
        if mode != expected:
            wrong[path] = oct(mode)
    return wrong


def fill(folder: Path) -> None:
    """All kinds of things that a service writes."""
    with calling(folder) as caller:
        job_id = caller.create_job()
        for _ in range(20):
            caller.service.advance(job_id)
        assert caller.job(job_id)["status"] == "succeeded"
        upload = {"filename": "x", "purpose": "fine-tune", "bytes": 5, "mime_type": "a/b"}
        upload_id = caller.call("POST", "uploads", upload)["id"]
        assert told(caller.add_part(upload_id, b"12345"))["object"] == "upload.part"
        caller.call("POST", f"uploads/{upload_id}/cancel")
        caller.service.control.snapshot()
        # while it is open, for the files beside the database go when it is closed
        assert {"service.sqlite3", "service.sqlite3-wal"} <= set(os.listdir(folder))
        assert open_to_others(folder) == {}


def test_everything_is_closed_from_the_beginning(tmp_path: Path, umask: int) -> None:
    folder = tmp_path / "data"
    fill(folder)
    assert len(modes(folder)) > 12
    assert open_to_others(folder) == {}


def test_a_looser_folder_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    fill(folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    with calling(folder):
        assert open_to_others(folder) == {}


def test_an_empty_folder_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    with calling(folder):
        assert open_to_others(folder) == {}


def test_a_folder_of_others_is_left_as_it_is_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    (folder / "notes.txt").chmod(0o644)
    folder.chmod(0o755)
    for _ in range(2):  # not at the second start either
        caplog.clear()
        with calling(folder):
            inside = modes(folder)
        assert inside.pop(str(folder)) == 0o755
        assert inside.pop(str(folder / "notes.txt")) == 0o644
        assert set(inside.values()) == {0o600, 0o700}
        assert "chmod 700" in caplog.text


def test_a_folder_that_all_users_share_is_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    with calling(folder):
        assert folder.stat().st_mode & 0o7777 == 0o1777


def test_what_a_link_leads_to_is_left_as_it_is(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    outside.chmod(0o644)
    folder = tmp_path / "data"
    fill(folder)
    (folder / "files" / "link").symlink_to(outside)
    folder.chmod(0o755)
    with calling(folder):
        assert outside.stat().st_mode & 0o777 == 0o644


def test_a_service_without_a_folder_is_closed_too(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path))
        service = Service()
    (folder,) = tmp_path.iterdir()
    assert open_to_others(folder) == {}
    service.close()


def test_a_server_and_its_workers_write_nothing_that_is_open(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with serving(folder, umask=0) as server:
        order = {"model": "babbage-002", "training_file": server.upload()}
        job = server.call("POST", "fine_tuning/jobs", order)
        from datafolders import until

        until(lambda: server.call("GET", f"fine_tuning/jobs/{job['id']}")["finished_at"])
        assert list((folder / "models").iterdir())
        assert open_to_others(folder) == {}
