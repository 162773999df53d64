"""A database that is locked, damaged, or another's: a named error, and nobody waits for long."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from datafolders import calling, form, locked, serving, told, unprivileged
from pitchpipe.errors import PitchpipeError
from pitchpipe.service.storage import store as module
from pitchpipe.service.storage.errors import BusyError
from pitchpipe.service.storage.store import Store

CHAT = {"model": "gpt-4o-mini-2024-07-18", "messages": [{"role": "user", "content": "x"}]}
KIND = {"content-type": "application/json"}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a lock for longer than a test has patience."""
    monkeypatch.setattr(module, "_WRITE_SECONDS", 0.2)


# --- locked -----------------------------------------------------------------------------------


def test_a_server_answers_while_another_process_has_locked_its_database(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with serving(folder) as server, ThreadPoolExecutor(20) as pool:
        file_id = server.upload()
        headers, body = form(b"x")
        reads = ("/healthz", "/metrics", "/v1/models", "/v1/files", f"/v1/files/{file_id}")
        stored = json.dumps(CHAT | {"store": True}).encode()
        with locked(folder / "service.sqlite3"):
            writes = [
                pool.submit(server.request, "POST", "/v1/files", body, headers) for _ in range(10)
            ]
            writes += [
                pool.submit(server.request, "POST", "/v1/chat/completions", stored, KIND)
                for _ in range(5)
            ]
            rounds = 0
            while not all(write.done() for write in writes):
                for path in reads:
                    assert server.request("GET", path)[0] == 200
                answer = server.request("POST", "/v1/chat/completions", json.dumps(CHAT).encode())
                assert answer[0] == 200
                rounds += 1
            # they were answered one after the other while others waited for the lock
            assert rounds > 3
            for write in writes:
                status, told_headers, content = write.result()
                assert status == 503
                assert told_headers["retry-after"] == "1"
                assert json.loads(content)["error"]["code"] == "database_locked"
        assert server.request("POST", "/v1/files", body, headers)[0] == 200
        _, log = server.end()
    assert "Traceback" not in log


@pytest.mark.usefixtures("impatient")
def test_a_writer_is_refused_and_a_reader_is_not(tmp_path: Path) -> None:
    with calling(tmp_path) as caller:
        job_id = caller.create_job()
        before = caller.job(job_id)
        with locked(tmp_path / "service.sqlite3"):
            refused = caller.upload()
            assert (refused.status, refused.headers["retry-after"]) == (503, "1")
            assert caller.job(job_id) == before
            with pytest.raises(BusyError):
                caller.service.advance(job_id)
        assert caller.upload().status == 200
        for _ in range(20):
            caller.service.advance(job_id)
        assert caller.job(job_id)["status"] == "succeeded"


@pytest.mark.usefixtures("impatient")
def test_writers_do_not_queue_for_another_process_one_after_the_other(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "d", None)) as store, locked(tmp_path / "d"):
        begun = threading.Barrier(12)
        tried = []
        begin = store._begin

        def count() -> None:
            tried.append(1)
            begin()

        store._begin = count  # type: ignore[method-assign]

        def write(_: int) -> None:
            begun.wait()
            with pytest.raises(BusyError):
                store.new_id("file-")

        with ThreadPoolExecutor(12) as pool:
            list(pool.map(write, range(12)))
        # the rest was refused with those few that asked for the database's lock
        assert len(tried) < 6


@pytest.mark.usefixtures("impatient")
def test_threads_of_one_process_wait_for_each_other(tmp_path: Path) -> None:
    """However long: it is the lock of another process that is waited for in vain."""
    with closing(Store(tmp_path / "d", None)) as store:
        inside, go_on = threading.Event(), threading.Event()

        def hold() -> None:
            with store.transaction():
                inside.set()
                assert go_on.wait(60)

        with ThreadPoolExecutor(2) as pool:
            holder = pool.submit(hold)
            assert inside.wait(60)
            writer = pool.submit(store.new_id, "file-")
            with pytest.raises(TimeoutError):
                writer.result(timeout=1)  # five times as long as for another process
            # meanwhile whoever looks is answered
            assert store.get("file", "x") is None
            go_on.set()
            holder.result()
            assert writer.result().startswith("file-")


def test_a_change_is_seen_within_its_transaction_and_by_others_after_it(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "d", None)) as store:
        store.add("file", "a", {"n": 1})
        assert store.get("file", "a").body == {"n": 1}  # type: ignore[union-attr]
        with store.transaction(), ThreadPoolExecutor(1) as pool:
            row = store.get("file", "a")
            assert row is not None
            row.body["n"] = 2
            store.update(row)
            assert store.get("file", "a").body == {"n": 2}  # type: ignore[union-attr]
            assert [each.body["n"] for each in store.rows("file")] == [2]
            assert pool.submit(store.get, "file", "a").result().body == {"n": 1}  # type: ignore[union-attr]
        assert store.get("file", "a").body == {"n": 2}  # type: ignore[union-attr]


# --- damaged, or another's ---------------------------------------------------------------------


def _overwrite(path: Path, start: int, content: bytes) -> None:
    with path.open("r+b") as stream:
        stream.seek(start)
        stream.write(content)


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _of_another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")


def _of_other_columns(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE objects (name TEXT)")
        connection.execute("CREATE TABLE counters (name TEXT, value INTEGER)")


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "random": (lambda path: path.write_bytes(os.urandom(9000)), "damaged"),
    "text": (lambda path: path.write_text("hello " * 1000), "damaged"),
    "short": (lambda path: path.write_bytes(b"SQLite format 3\0"), "damaged"),
    "header": (lambda path: _overwrite(path, 0, b"\0" * 100), "damaged"),
    "pages": (lambda path: _overwrite(path, 4096, os.urandom(8192)), "damaged"),
    "truncated": (_truncate, "damaged"),
    "another program": (_of_another_program, "another program"),
    "other columns": (_of_other_columns, "another program"),
    "newer": (_newer, "newer Pitchpipe"),
    "a folder": (_folder, "a database is expected"),
}


def _start(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pitchpipe", "serve", "--port", "0", "--data-dir", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def _is_refused(done: subprocess.CompletedProcess[str], name: str, reason: str) -> None:
    assert done.returncode in (1, 2), done.stderr
    assert done.stdout == ""
    assert reason in done.stderr
    assert name in done.stderr
    for word in ("Traceback", "unexpected"):
        assert word not in done.stderr


def _filled(folder: Path) -> Path:
    with calling(folder) as caller:
        caller.create_job()
    return folder / "service.sqlite3"


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_database_that_cannot_be_used_is_refused_at_the_start(
    tmp_path: Path, damage: str
) -> None:
    database = _filled(tmp_path / "data")
    change, reason = DAMAGES[damage]
    change(database)
    before = sorted(path.name for path in (tmp_path / "data" / "files").iterdir())
    with pytest.raises(PitchpipeError, match=rf"service\.sqlite3: .*{reason}") as refused:
        Store(database, None)
    assert "folder" in str(refused.value) or "Update" in str(refused.value)
    assert sorted(path.name for path in (tmp_path / "data" / "files").iterdir()) == before


@pytest.mark.parametrize("damage", ["random", "truncated", "another program"])
def test_a_server_on_it_says_so(tmp_path: Path, damage: str) -> None:
    database = _filled(tmp_path / "data")
    change, reason = DAMAGES[damage]
    change(database)
    _is_refused(_start(tmp_path / "data"), str(database), reason)


def test_a_database_without_a_version_is_one_of_ours(tmp_path: Path) -> None:
    """Those that were made before there was one."""
    database = _filled(tmp_path)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA user_version = 0")
    with calling(tmp_path) as caller:
        assert len(caller.call("GET", "fine_tuning/jobs")["data"]) == 1


def test_damage_that_is_done_while_it_is_served_is_an_answer(tmp_path: Path) -> None:
    with calling(tmp_path) as caller:
        for _ in range(30):
            caller.upload()
        with caller.service.store.transaction():
            pass
        caller.service.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _overwrite(tmp_path / "service.sqlite3", 4096, b"\xff" * 40_000)
        answer = caller.ask("GET", "files")
        assert answer.status == 500
        assert "damaged" in told(answer)["error"]["message"]


# --- folders -----------------------------------------------------------------------------------


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    for folder in (file, file / "below"):
        _is_refused(_start(folder), str(file), "is a file, but a folder is expected")
    for name in ("files", "models", "locks", "snapshots"):
        folder = tmp_path / f"data-{name}"
        folder.mkdir()
        (folder / name).write_text("x")
        _is_refused(_start(folder), str(folder / name), "is a file, but a folder is expected")


def test_a_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    _is_refused(_start(tmp_path / ("x" * 300)), "xxx", "File name too long")


@pytest.mark.parametrize("mode", [0o555, 0o000])
@pytest.mark.parametrize("filled", [True, False])
def test_a_folder_that_cannot_be_written_to_is_refused(filled: bool, mode: int) -> None:
    # not below a folder of pytest's, which is closed to others
    with tempfile.TemporaryDirectory() as outer:
        Path(outer).chmod(0o755)
        folder = Path(outer) / "data"
        folder.mkdir()
        if filled:
            _filled(folder)
            for path in folder.rglob("*"):
                path.chmod(0o555 if path.is_dir() else 0o444)
        folder.chmod(mode)
        with (
            unprivileged(),
            pytest.raises(PitchpipeError, match=rf"{folder}.*readable and writable"),
            calling(folder),
        ):
            pass
        folder.chmod(0o700)
