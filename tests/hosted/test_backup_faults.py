"""A service that fails, refuses and forgets during a backup, and processes that are killed."""

import json
import signal
import subprocess
import sys
import threading
import tracemalloc

import pytest

from old_service import of_json, refusal
from pitchpipe.errors import StoppedError
from pitchpipe.files import WriteError
from pitchpipe.hosted.backup import back_up
from pitchpipe.service.control.faults import CutOff, Dropped, Malformed, Status, Truncated
from pitchpipe.service.http import Response
from pitchpipe.stopping import stoppable

PASSING = [
    Status(status=429, retry_after_ms=1, times=2),
    Status(status=503, times=2, after=4),
    Dropped(times=2, after=3),
    CutOff(path="/files/*/content", times=2),
    Truncated(path="/files/*/content", times=2),
    Malformed(path="/fine_tuning/jobs/*/events", times=2),
    Malformed(path="/files", times=1),
]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "saved"


def not_saved(folder):
    text = (folder / "not-saved.jsonl").read_text("utf-8")
    return {(line["id"], line["part"]): line for line in map(json.loads, text.splitlines())}


def whole(folder, account):
    """Whether all that the account has is in the folder, byte for byte."""
    client = account.client
    assert not not_saved(folder)
    for file in client.files.list():
        content = (folder / "files" / file.id / "content").read_bytes()
        assert content == client.files.content(file.id).content
    assert (folder / "jobs" / account.job.id / "events.jsonl").stat().st_size
    return True


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: f"{fault.kind}-{fault.path}")
def test_what_passes_is_waited_for(offline, account, offline_control, folder, fault):
    offline_control.faults.add(fault)
    assert back_up(offline, folder).complete
    offline_control.faults.clear()
    assert whole(folder, account)
    rules = {finding.rule for finding in offline_control.conduct()}
    assert not rules & {"ignored-retry-after", "retried-in-vain"}


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Status(status=500, times=3), "failed"),
        (CutOff(times=3), "failed"),
        (Truncated(times=9), "failed"),
        (Status(status=403, message="not for you"), "refused"),
        (
            Status(status=400, message="Not allowed to download files of purpose: user_data"),
            "refused",
        ),
        (Status(status=404, message="no such file"), "gone"),
    ],
    ids=["500", "cut", "short", "403", "400", "404"],
)
def test_one_file_that_is_not_given_is_named_and_the_rest_is_saved(
    offline, account, offline_control, folder, fault, why
):
    path = f"/files/{account.training.id}/content"
    offline_control.faults.add(fault.model_copy(update={"path": path}))
    result = back_up(offline, folder)
    assert not result.complete
    assert result.broken_off is None
    assert result.not_saved_count == 1
    lost = not_saved(folder)[account.training.id, "content"]
    assert lost["why"] == why
    if fault.kind == "status":
        assert fault.message in lost["reason"]
    assert result.saved["file"] == len(list(account.client.files.list())) - 1
    offline_control.faults.clear()
    offline_control.requests.clear()
    assert back_up(offline, folder).complete
    assert whole(folder, account)
    asked = [r.path for r in offline_control.requests if r.path.endswith("/content")]
    assert asked[0] == f"/v1{path}"


@pytest.mark.parametrize("part", ["events", "checkpoints"])
def test_a_list_of_a_job_that_is_not_given_is_named(
    offline, account, offline_control, folder, part
):
    path = f"/fine_tuning/jobs/*/{part}"
    offline_control.faults.add(Status(status=404, path=path))
    assert not back_up(offline, folder).complete
    assert not_saved(folder)[account.job.id, f"{part}.jsonl"]["why"] == "gone"
    assert back_up(offline, folder).complete
    assert whole(folder, account)


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_kind_that_the_service_has_not_is_named_and_is_no_failure(
    offline, account, offline_control, folder, status
):
    offline_control.faults.add(Status(status=status, path="/batches", times=None))
    result = back_up(offline, folder)
    assert result.complete
    assert any(note.startswith("batches") for note in result.notes)
    assert result.saved["job"] == 1


@pytest.mark.parametrize("path", ["/files", "/batches", "/models", "/fine_tuning/jobs"])
def test_a_kind_that_the_key_may_not_list_is_a_failure(offline, offline_control, folder, path):
    offline_control.faults.add(Status(status=403, path=path, times=None))
    result = back_up(offline, folder)
    assert not result.complete
    assert "403" in result.not_saved[0].reason
    assert result.saved


def test_a_file_that_was_deleted_before_is_named_and_is_no_failure(offline, account, folder):
    account.client.files.delete(account.validation.id)
    result = back_up(offline, folder)
    assert result.complete
    assert not_saved(folder)[account.validation.id, "file.json"]["why"] == "gone"
    assert "404" in result.not_saved[0].reason


def test_a_file_that_has_expired_is_named_with_the_day(old, connection, account, folder):
    expired = {"id": "file-x", "object": "file", "bytes": 3, "created_at": 1_600_000_000}
    expired |= {"filename": "x", "purpose": "batch", "expires_at": 1_600_003_600}
    old.script = lambda r: (
        of_json({"data": [expired], "has_more": False})
        if r.path == "/v1/files"
        else refusal(404, "No such File object")
        if r.path.startswith("/v1/files/file-x")
        else None
    )
    result = back_up(connection, folder, only=["files"])
    assert result.complete
    assert "expired on 2020-09-13" in not_saved(folder)["file-x", "content"]["reason"]


def test_a_service_that_stops_answering_ends_the_run_soon(
    offline, account, offline_control, folder
):
    for n in range(20):
        account.client.files.create(file=(f"{n}.jsonl", b"{}\n"), purpose="user_data")
    offline_control.faults.add(Dropped(path="/files/*/content", times=None, after=2))
    offline_control.requests.clear()
    result = back_up(offline, folder)
    assert "3 requests in a row failed" in result.broken_off
    assert not result.complete
    assert result.saved["file"] == 2
    tried = [r.path for r in offline_control.requests if r.path.endswith("/content")]
    assert len(tried) == 2 + 3 * (offline.max_retries + 1)
    offline_control.faults.clear()
    assert back_up(offline, folder).complete
    assert whole(folder, account)


def test_a_limit_that_lasts_too_long_ends_the_run_soon(offline, account, offline_control, folder):
    offline_control.faults.add(
        Status(status=429, retry_after=3600, path="/files/*/content", times=None)
    )
    offline_control.requests.clear()
    result = back_up(offline, folder)
    assert result.broken_off
    assert result.saved["job"] == 1
    assert sum(r.path.endswith("/content") for r in offline_control.requests) == 3


def test_content_of_a_wrong_size_is_kept_aside(old, connection, account, folder):
    target = f"/v1/files/{account.unused.id}/content"
    old.script = lambda r: Response(200, {}, b"other") if r.path == target else None
    result = back_up(connection, folder)
    assert result.not_saved_count == 1
    at = folder / "files" / account.unused.id
    assert not (at / "content").exists()
    assert (at / "content.unchecked").read_bytes() == b"other"
    assert "content.unchecked" not in (folder / "SHA256SUMS").read_text()


def test_a_full_disk_ends_the_run_with_the_file_named(offline, folder, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pitchpipe.files.os.fsync", full)
    with pytest.raises(WriteError, match="No space left"):
        back_up(offline, folder)
    monkeypatch.undo()


def test_another_thread_can_end_it(offline, account, folder, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k" * 20)
    stop = threading.Event()

    def report(kind, done):
        if kind == "files":
            stop.set()

    with stoppable(stop), pytest.raises(StoppedError):
        back_up(offline, folder, report=report)
    assert (folder / "index.jsonl").is_file()
    assert back_up(offline, folder).complete
    assert whole(folder, account)


_SCRIPT = """
import os, signal, sys
from pitchpipe.default_plugins.openai_client import Connection
from pitchpipe.hosted import backup, folder

left = int(sys.argv[3])
def dying(action):
    def run(*words, **options):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return action(*words, **options)
    return run
for name in ("rename", "replace", "fsync", "mkdir", "unlink"):
    setattr(os, name, dying(getattr(os, name)))
result = backup.back_up(Connection(base_url=sys.argv[1], retry_seconds=0.0), sys.argv[2])
print("complete" if result.complete else result.to_json())
"""
"""A backup that is killed before the system call that a number says."""


def test_it_goes_on_after_a_kill_at_any_moment(offline, account, offline_control, folder):
    ended, at = False, 0
    seen = set()
    while not ended:
        command = [sys.executable, "-c", _SCRIPT, offline.url, str(folder), str(at)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        ended = done.returncode == 0
        assert ended or done.returncode == -signal.SIGKILL, done.stderr
        # what was whole stays so: a content that has its name is never fetched again
        held = {path: path.stat().st_mtime_ns for path in folder.glob("files/*/content")}
        assert seen <= set(held)
        seen = set(held)
        at += 13
    assert done.stdout.strip() == "complete"
    assert at > 5 * 13
    assert whole(folder, account)
    fetched = [r.path for r in offline_control.requests if r.path.endswith("/content")]
    assert len(fetched) <= len(set(fetched)) + at // 13
    temporary = [path for path in folder.rglob(".*") if path.name != ".lock"]
    assert not temporary


def test_ten_times_the_objects_take_no_more_memory(environment, old, connection, folder):
    """A peak that grew with the objects would be that of a list of all of them."""

    def peak(count, where):
        file = {"object": "file", "bytes": 3, "filename": "x", "purpose": "batch"}

        def script(request):
            if request.path.endswith("/content"):
                return Response(200, {}, b"abc")
            if request.path != "/v1/files":
                return of_json({"data": [], "has_more": False})
            first = int((request.get("after") or "file--1").removeprefix("file-")) + 1
            last = min(first + 100, count)
            data = [{**file, "id": f"file-{n}", "created_at": 5} for n in range(first, last)]
            return of_json({"data": data, "has_more": last < count})

        old.script = script
        old.asked.clear()
        tracemalloc.start()
        result = back_up(connection, where, only=["files"])
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert result.saved["file"] == count
        old.asked.clear()
        return highest

    peak(5, folder / "warm")  # imports and caches
    few = peak(100, folder / "few")
    many = peak(1000, folder / "many")
    assert many < few + 2_000_000


def test_the_client_is_loaded_when_it_is_used():
    code = (
        "import sys, pitchpipe.hosted.backup, pitchpipe.hosted.inventory; "
        "print([name for name in ('openai', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
