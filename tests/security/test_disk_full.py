"""A disk that is full: the reason is told, nothing is torn, and once there is room all goes on."""

from __future__ import annotations

import base64
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datafolders import RECORDS, Caller, calling, form, is_sound, serving, told, until
from pitchpipe.cli import main
from pitchpipe.service.engine.runner import Runner
from pitchpipe.service.learners.ngram import NgramLearner
from pitchpipe.service.storage.blobs import Blobs
from pitchpipe.service.storage.errors import FullError
from pitchpipe.service.storage.store import Store

REASON = os.strerror(errno.ENOSPC)


class Disk:
    """One that can be filled."""

    def __init__(self) -> None:
        self.full = False
        self.refused = 0
        self._sync = os.fsync

    def fsync(self, descriptor: int) -> None:
        """In place of the system's own, at the end of every file that is written whole."""
        if self.full:
            self.refused += 1
            raise OSError(errno.ENOSPC, REASON)
        self._sync(descriptor)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Where files are written."""
    made = Disk()
    monkeypatch.setattr("pitchpipe.files.os.fsync", made.fsync)
    return made


@pytest.fixture
def takes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The slices that were trained."""
    taken: list[int] = []
    take = Runner.take

    def counted(self: Runner, until: int, seconds: float) -> Any:
        taken.append(until)
        return take(self, until, seconds)

    monkeypatch.setattr(Runner, "take", counted)
    return taken


def polls(caller: Caller, job_id: str, count: int = 30) -> Any:
    for _ in range(count):
        answer = caller.ask("GET", f"fine_tuning/jobs/{job_id}")
    return answer


def pages(store: Store) -> int:
    (count,) = store.connection.execute("PRAGMA page_count").fetchone()
    return int(count)


def fill_database(store: Store, room: int = 0) -> None:
    """Leaves it no page more than it has."""
    store.connection.execute(f"PRAGMA max_page_count = {pages(store) + room}")


def empty_database(store: Store) -> None:
    store.connection.execute("PRAGMA max_page_count = 1000000")


def test_a_job_whose_model_cannot_be_saved_fails_with_the_reason(
    tmp_path: Path, disk: Disk, takes: list[int]
) -> None:
    with calling(tmp_path, pace="polled") as caller:
        job_id = caller.create_job()
        disk.full = True
        job = told(polls(caller, job_id))
        assert job["status"] == "failed"
        assert REASON in job["error"]["message"]
        assert "models/.ftckpt_" in job["error"]["message"]
        assert len(takes) == 1
        events = caller.call("GET", f"fine_tuning/jobs/{job_id}/events")["data"]
        assert any(REASON in event["message"] for event in events)
        assert list((tmp_path / "models").iterdir()) == []
        disk.full = False
        again = told(polls(caller, caller.create_job()))
        assert again["status"] == "succeeded"


def test_a_learner_that_writes_as_it_likes_fails_its_job_with_the_reason(tmp_path: Path) -> None:
    class Plain(NgramLearner):
        def save(self, folder: Path) -> None:
            (folder / "big").write_bytes(b"part")
            raise OSError(errno.ENOSPC, REASON)

    with calling(tmp_path, pace="polled", learner=Plain) as caller:
        job = told(polls(caller, caller.create_job()))
        assert job["status"] == "failed"
        assert "models/ftckpt_" in job["error"]["message"]
        assert REASON in job["error"]["message"]
        assert list((tmp_path / "models").iterdir()) == []


def test_a_result_file_that_cannot_be_written_fails_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, takes: list[int]
) -> None:
    write = Blobs.write

    def refuse(self: Blobs, key: str, content: Any) -> None:
        if bytes(content[:8]) == base64.b64encode(b"step,t"):
            raise FullError(f"/data/files/{key}: cannot be written: {REASON}.")
        write(self, key, content)

    monkeypatch.setattr(Blobs, "write", refuse)
    with calling(tmp_path, pace="polled") as caller:
        job = told(polls(caller, caller.create_job()))
        assert (job["status"], job["fine_tuned_model"]) == ("failed", None)
        assert REASON in job["error"]["message"]
    assert len(takes) == 2


def test_an_upload_without_room_is_refused_and_leaves_nothing(tmp_path: Path, disk: Disk) -> None:
    with calling(tmp_path) as caller:
        upload = {"filename": "x", "purpose": "fine-tune", "bytes": 5, "mime_type": "a/b"}
        upload_id = caller.call("POST", "uploads", upload)["id"]
        disk.full = True
        for answer in (caller.upload(), caller.add_part(upload_id, b"12345")):
            assert answer.status == 507
            error = told(answer)["error"]
            assert REASON in error["message"]
            assert (error["type"], error["code"]) == ("server_error", "insufficient_storage")
            assert answer.headers["x-should-retry"] == "false"
        assert list((tmp_path / "files").iterdir()) == []
        assert caller.call("GET", "files")["data"] == []
        disk.full = False
        part = told(caller.add_part(upload_id, b"12345"))["id"]
        done = caller.call("POST", f"uploads/{upload_id}/complete", {"part_ids": [part]})
        assert done["status"] == "completed"


def test_a_full_database_refuses_what_it_cannot_keep(tmp_path: Path) -> None:
    with calling(tmp_path) as caller:
        store = caller.service.store
        fill_database(store, room=1)
        statuses = [caller.upload().status for _ in range(60)]
        assert set(statuses) == {200, 507}
        listed = caller.call("GET", "files?limit=100")["data"]
        assert len(listed) == statuses.count(200)
        empty_database(store)
        assert caller.upload().status == 200
    assert is_sound(tmp_path / "service.sqlite3")
    with calling(tmp_path):  # bytes whose object found no room are collected
        assert len(list((tmp_path / "files").iterdir())) == statuses.count(200) + 1


def test_a_job_whose_failure_cannot_be_kept_either_is_not_trained_again(
    tmp_path: Path, takes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with calling(tmp_path, pace="polled") as caller:
        job_id = caller.create_job()
        polls(caller, job_id, 2)
        assert caller.service.store.get("job", job_id).body["status"] == "running"  # type: ignore[union-attr]
        monkeypatch.setattr(caller.service.store, "_begin", _refuse)
        answer = polls(caller, job_id)
        assert answer.status == 507
        assert REASON in told(answer)["error"]["message"]
        assert len(takes) == 1
        monkeypatch.undo()
        job = told(caller.ask("GET", f"fine_tuning/jobs/{job_id}"))
        assert job["status"] == "failed"
        assert REASON in job["error"]["message"]


def _refuse() -> None:
    raise FullError(f"/data/service.sqlite3: cannot be written: {REASON}.")


@pytest.mark.parametrize("state", ["in_progress", "finalizing"])
def test_a_batch_without_room_ends_or_waits_for_some(
    tmp_path: Path, disk: Disk, state: str
) -> None:
    line = {
        "custom_id": "a",
        "method": "POST",
        "url": "/v1/completions",
        "body": {"model": "babbage-002", "prompt": "x"},
    }
    with calling(tmp_path) as caller:
        headers, body = form(json.dumps(line).encode() + b"\n", "batch")
        order = {
            "input_file_id": told(caller.ask("POST", "files", body, headers))["id"],
            "endpoint": "/v1/completions",
            "completion_window": "24h",
        }
        batch_id = caller.call("POST", "batches", order)["id"]
        while caller.call("GET", f"batches/{batch_id}")["status"] != state:
            caller.service.advance(batch_id)
        disk.full = True
        if state == "in_progress":
            caller.service.advance(batch_id)
        for _ in range(3):
            with pytest.raises(FullError, match=REASON):
                caller.service.advance(batch_id)
        batch = caller.call("GET", f"batches/{batch_id}")
        assert batch["status"] == "finalizing"
        disk.full = False
        caller.service.advance(batch_id)
        batch = caller.call("GET", f"batches/{batch_id}")
        assert batch["status"] == "completed"
        content = caller.ask("GET", f"files/{batch['output_file_id']}/content").body
        assert isinstance(content, bytes)
        assert json.loads(content)["custom_id"] == "a"


def test_answers_of_a_batch_that_find_no_room_fail_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = Store.add

    def refuse(self: Store, kind: str, *args: Any, **more: Any) -> None:
        if kind == "answers":
            _refuse()
        add(self, kind, *args, **more)

    monkeypatch.setattr(Store, "add", refuse)
    line = {
        "custom_id": "a",
        "method": "POST",
        "url": "/v1/completions",
        "body": {"model": "babbage-002", "prompt": "x"},
    }
    with calling(tmp_path, pace="polled") as caller:
        headers, body = form(json.dumps(line).encode() + b"\n", "batch")
        order = {
            "input_file_id": told(caller.ask("POST", "files", body, headers))["id"],
            "endpoint": "/v1/completions",
            "completion_window": "24h",
        }
        batch_id = caller.call("POST", "batches", order)["id"]
        for _ in range(5):
            batch = caller.call("GET", f"batches/{batch_id}")
        assert batch["status"] == "failed"
        assert REASON in batch["errors"]["data"][0]["message"]


def test_a_snapshot_without_room_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with calling(tmp_path) as caller:
        caller.upload()

        def refuse(*_: Any) -> None:
            raise OSError(errno.ENOSPC, REASON)

        with monkeypatch.context() as patch:
            patch.setattr("os.link", refuse)
            patch.setattr("shutil.copy", refuse)
            with pytest.raises(FullError, match=f"snapshots/.1/files/file-.*{REASON}"):
                caller.service.control.snapshot()
        assert list((tmp_path / "snapshots").iterdir()) == []
        name = caller.service.control.snapshot()
        caller.service.control.restore(name)


def test_a_server_whose_files_may_not_grow_stays_up(tmp_path: Path) -> None:
    """A limit on the size of files stands for a full disk, in a real process."""
    headers, large = form(RECORDS * 2000)
    with serving(tmp_path / "data", largest_file=2 << 20) as server:
        status, _, content = server.request("POST", "/v1/files", large, headers)
        assert status == 507
        assert json.loads(content)["error"]["code"] == "insufficient_storage"
        order = {"model": "babbage-002", "training_file": server.upload()}
        job = server.call("POST", "fine_tuning/jobs", order)
        path = f"fine_tuning/jobs/{job['id']}"
        assert until(lambda: server.call("GET", path)["finished_at"])
        assert server.call("GET", path)["status"] == "succeeded"
        assert server.request("GET", "/healthz")[0] == 200
        _, log = server.end()
    assert "Traceback" not in log


@pytest.mark.parametrize("what", ["model", "database"])
def test_a_run_ends_with_the_reason(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    what: str,
    takes: list[int],
) -> None:
    table = tmp_path / "t.csv"
    rows = [f"a film of part {n},{('pos', 'neg')[n % 2]}" for n in range(60)]
    table.write_text("\n".join(["prompt,completion", *rows]))
    monkeypatch.chdir(tmp_path)

    def refuse(self: Any, folder: Path) -> None:
        if what == "database":
            monkeypatch.setattr(Store, "_begin", lambda _: _refuse())
        raise OSError(errno.ENOSPC, REASON, str(folder / "weights"))

    monkeypatch.setattr(NgramLearner, "save", refuse)
    code = main(["run", str(table), "--run-dir", "r", "--n-epochs", "2"])
    said = capsys.readouterr().err
    assert code == 1, said
    assert REASON in said
    assert "unexpected" not in said
    assert "Traceback" not in said
    assert len(takes) == 1
