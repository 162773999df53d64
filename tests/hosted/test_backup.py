import base64
import hashlib
import json
import multiprocessing
import stat
import subprocess
from datetime import UTC, datetime

import pytest

from old_service import KEY, of_json, old_service, refusal
from pitchpipe.default_plugins.openai_client import Connection
from pitchpipe.errors import RunError, ServiceError, UsageError
from pitchpipe.hosted.backup import back_up, plan_backup
from pitchpipe.hosted.paths import folder_name
from pitchpipe.service.http import Response


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "saved"


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def manifest(folder, kind, key):
    return json.loads((folder / kind / folder_name(key) / "manifest.json").read_text())


def test_everything_is_saved_byte_for_byte(connection, account, folder):
    result = back_up(connection, folder)
    assert result.complete
    assert not result.not_saved
    client, job = account.client, account.job
    files = list(client.files.list())
    assert (result.saved["job"], result.saved["batch"]) == (1, 1)
    assert result.saved["file"] == len(files)
    for file in files:
        at = folder / "files" / file.id
        assert (at / "content").read_bytes() == client.files.content(file.id).content
        assert json.loads((at / "file.json").read_text())["filename"] == file.filename
    at = folder / "jobs" / job.id
    assert json.loads((at / "job.json").read_text())["fine_tuned_model"] == account.model
    events = [event.id for event in client.fine_tuning.jobs.list_events(job.id)]
    assert [line["id"] for line in lines(at / "events.jsonl")] == events
    kept = [one.id for one in client.fine_tuning.jobs.checkpoints.list(job.id)]
    assert [line["id"] for line in lines(at / "checkpoints.jsonl")] == kept
    batch = json.loads((folder / "batches" / account.batch.id / "batch.json").read_text())
    assert batch["output_file_id"] == account.batch.output_file_id
    tuned = folder / "models" / folder_name(account.model) / "model.json"
    assert json.loads(tuned.read_text())["id"] == account.model
    assert any("weights" in note for note in result.notes)


def test_sizes_and_digests_are_recorded(connection, account, folder):
    back_up(connection, folder)
    sums = dict(
        reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines()
    )
    held = [name for name in names(folder) if "/" in name and not name.endswith("manifest.json")]
    assert sorted(sums) == held
    for name, digest in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    found = manifest(folder, "files", account.training.id)
    assert found["parts"]["content"]["bytes"] == account.training.bytes
    assert found["whole"]
    index = {entry["id"]: entry for entry in lines(folder / "index.jsonl")}
    assert index[account.job.id]["folder"] == f"jobs/{account.job.id}"
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True)
    assert checked.returncode == 0


def test_a_job_says_in_which_folders_its_files_are(connection, account, folder):
    back_up(connection, folder, only=["jobs"])
    mentions = manifest(folder, "jobs", account.job.id)["refers_to"]
    at = {mention["role"]: mention["folder"] for mention in mentions}
    assert at["training"] == f"files/{account.training.id}"
    results = (folder / at["results"] / "content").read_bytes()
    assert base64.b64decode(results).startswith(b"step,")


def test_only_get_is_sent_and_nothing_goes_at_the_service(old, connection, account, folder):
    before = {file.id for file in account.client.files.list()}
    back_up(connection, folder)
    plan_backup(connection, folder)
    assert {method for method, _ in old.asked} == {"GET"}
    assert {file.id for file in account.client.files.list()} == before


def test_what_is_whole_is_not_fetched_again(old, connection, folder):
    back_up(connection, folder)
    first = {name: (folder / name).stat().st_mtime_ns for name in names(folder) if "/" in name}
    old.asked.clear()
    again = back_up(connection, folder)
    assert again.complete
    assert not again.saved
    assert again.bytes == 0
    lists = {"/fine_tuning/jobs", "/files", "/batches", "/models"}
    assert set(old.paths()) == lists
    assert {name: (folder / name).stat().st_mtime_ns for name in first} == first


def test_a_part_that_was_damaged_on_disk_is_fetched_again(old, connection, account, folder):
    back_up(connection, folder)
    content = folder / "files" / account.training.id / "content"
    whole = content.read_bytes()
    content.write_bytes(whole[:10])
    (folder / "jobs" / account.job.id / "events.jsonl").unlink()
    (folder / "files" / account.validation.id / "manifest.json").write_text("{")
    old.asked.clear()
    assert back_up(connection, folder).saved == {"file": 2, "job": 1}
    assert content.read_bytes() == whole
    fetched = [path for path in old.paths("/files/") if path.endswith("/content")]
    assert fetched == [f"/files/{account.training.id}/content"]
    assert manifest(folder, "files", account.validation.id)["whole"]


def test_a_job_that_goes_on_is_asked_about_again(old, connection, account, folder):
    def script(request):
        if request.path != "/v1/fine_tuning/jobs":
            return None
        value = json.loads(old.service.handle(request).body)
        value["data"][0]["status"] = "running"
        return of_json(value)

    old.script = script
    events = f"/fine_tuning/jobs/{account.job.id}/events"
    for times in (1, 2):
        back_up(connection, folder, only=["jobs"])
        assert old.paths().count(events) == times
    old.script = lambda request: None
    for _ in range(2):
        back_up(connection, folder, only=["jobs"])
        assert old.paths().count(events) == 3
    described = json.loads((folder / "jobs" / account.job.id / "job.json").read_text())
    assert described["status"] == "succeeded"


def test_what_is_gone_at_the_service_stays_in_the_folder(connection, account, folder):
    back_up(connection, folder)
    account.client.files.delete(account.training.id)
    account.client.models.delete(account.model)
    result = back_up(connection, folder)
    assert result.complete
    assert not result.not_saved
    assert (folder / "files" / account.training.id / "content").stat().st_size
    assert account.training.id in (folder / "index.jsonl").read_text()


@pytest.mark.parametrize(
    ("only", "folders"),
    [
        (["jobs"], {"jobs", "files"}),
        (["batches"], {"batches", "files"}),
        (["models"], {"models"}),
        (["files"], {"files"}),
    ],
)
def test_only_some_kinds_are_saved(connection, account, folder, only, folders):
    result = back_up(connection, folder, only=only)
    assert result.complete
    assert {path.name for path in folder.iterdir() if path.is_dir()} == folders
    held = {path.name for path in (folder / "files").glob("*")}
    job, batch = account.job, account.batch
    of_jobs = {account.training.id, account.validation.id, *job.result_files}
    of_batches = {batch.input_file_id, batch.output_file_id}
    everything = {file.id for file in account.client.files.list()}
    expected = {"jobs": of_jobs, "batches": of_batches, "models": set(), "files": everything}
    assert held == expected[only[0]]


def test_since_leaves_out_what_is_older_but_not_what_is_mentioned(
    offline_service, connection, account, folder
):
    offline_service.clock.advance(10 * 24 * 3600)
    late = account.client.fine_tuning.jobs.create(
        model="gpt-4o-mini-2024-07-18", training_file=account.training.id
    )
    new = account.client.files.create(file=("new.jsonl", b"{}\n"), purpose="user_data")
    since = datetime.fromtimestamp(offline_service.clock() - 24 * 3600, UTC)
    plan = plan_backup(connection, folder, since=since)
    result = back_up(connection, folder, since=since)
    assert [path.name for path in (folder / "jobs").iterdir()] == [late.id]
    held = {path.name for path in (folder / "files").iterdir()}
    late = account.client.fine_tuning.jobs.retrieve(late.id)
    assert held == {account.training.id, new.id, *late.result_files}
    assert result.saved["file"] == plan.fetch["files"] == len(held)


def test_a_dry_run_writes_nothing_and_says_how_much_there_is(old, connection, account, folder):
    plan = plan_backup(connection, folder)
    assert not folder.exists()
    files = list(account.client.files.list())
    assert (plan.fetch["files"], plan.bytes) == (len(files), sum(file.bytes for file in files))
    assert (plan.fetch["jobs"], plan.fetch["batches"]) == (1, 1)
    assert not [path for path in old.paths() if path.endswith("/content")]
    back_up(connection, folder, only=["jobs"])
    before = {name: (folder / name).read_bytes() for name in names(folder)}
    plan = plan_backup(connection, folder)
    assert plan.whole == {"jobs": 1, "files": 3}
    assert plan.fetch["files"] == len(files) - 3
    assert {name: (folder / name).read_bytes() for name in names(folder)} == before


class TestWhoseFolder:
    def test_that_of_another_service_is_refused(self, connection, offline_service, folder):
        back_up(connection, folder, only=["models"])
        before = names(folder)
        with old_service(offline_service) as other:
            there = Connection(base_url=other.url)
            for attempt in (back_up, plan_backup):
                with pytest.raises(UsageError, match="holds the backup of http"):
                    attempt(there, folder)
        assert names(folder) == before

    def test_that_of_another_account_is_refused(self, old, connection, folder):
        old.headers = {"openai-organization": "one"}
        back_up(connection, folder, only=["models"])
        back_up(connection, folder, only=["models"])
        old.headers = {"openai-organization": "other"}
        with pytest.raises(UsageError, match=r"another account.*one; now other"):
            back_up(connection, folder)

    def test_an_account_that_is_named_later_is_remembered(self, old, connection, folder):
        back_up(connection, folder, only=["models"])
        old.headers = {"openai-project": "p1"}
        back_up(connection, folder, only=["models"])
        assert json.loads((folder / "backup.json").read_text())["account"] == {
            "openai-project": "p1"
        }
        old.headers = {"openai-project": "p2"}
        with pytest.raises(UsageError, match="p1; now p2"):
            back_up(connection, folder)

    def test_a_folder_of_other_things_is_refused(self, connection, folder):
        folder.mkdir()
        (folder / "thesis.txt").write_text("mine")
        with pytest.raises(UsageError, match=r"thesis\.txt"):
            back_up(connection, folder)
        assert names(folder) == ["thesis.txt"]

    def test_a_file_is_refused(self, connection, folder):
        folder.write_text("mine")
        with pytest.raises(UsageError, match="is a file"):
            back_up(connection, folder)

    def test_that_of_a_later_version_is_refused(self, connection, folder):
        folder.mkdir()
        (folder / "backup.json").write_text('{"schema": 99}')
        with pytest.raises(UsageError, match="schema 99"):
            back_up(connection, folder)

    def test_one_process_at_a_time(self, connection, folder):
        back_up(connection, folder, only=["models"])
        context = multiprocessing.get_context("spawn")
        ready, done = context.Event(), context.Event()
        other = context.Process(target=hold, args=(str(folder), ready, done))
        other.start()
        try:
            assert ready.wait(60)
            with pytest.raises(RunError, match="another process"):
                back_up(connection, folder)
        finally:
            done.set()
            other.join()
        assert back_up(connection, folder, only=["models"]).complete

    def test_another_object_under_a_known_id_is_left_alone(self, old, connection, account, folder):
        back_up(connection, folder)
        kept = folder / "jobs" / account.job.id / "job.json"
        before = kept.read_bytes()

        def script(request):
            if request.path != "/v1/fine_tuning/jobs":
                return None
            value = json.loads(old.service.handle(request).body)
            value["data"][0]["created_at"] += 5
            return of_json(value)

        old.script = script
        result = back_up(connection, folder)
        assert not result.complete
        assert "another object" in result.not_saved[0].reason
        assert kept.read_bytes() == before

    def test_others_cannot_read_it(self, connection, folder):
        back_up(connection, folder, only=["models"])
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def hold(folder, ready, done):
    import fcntl
    from pathlib import Path

    with Path(folder, ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready.set()
        done.wait(60)


def test_no_secret_is_in_the_folder(old, account, folder, monkeypatch):
    secret = old.url.replace("http://", "http://me:pass-word@")
    old.script = lambda r: (
        refusal(403, f"the key {KEY} may not do this") if r.path.endswith("/content") else None
    )
    result = back_up(Connection(base_url=secret, retry_seconds=0.0, max_retries=0), folder)
    assert not result.complete
    assert result.not_saved_count
    for name in names(folder):
        content = (folder / name).read_bytes()
        assert KEY.encode() not in content
        assert b"pass-word" not in content
    assert json.loads((folder / "backup.json").read_text())["service"] == old.url


def test_a_wrong_address_leaves_no_folder(old, folder):
    wrong = Connection(base_url=old.root + "/v2", max_retries=0)
    with pytest.raises(UsageError, match="lists none of"):
        back_up(wrong, folder)
    assert not folder.exists()


def test_a_refused_key_leaves_no_folder(old, connection, folder):
    old.script = lambda request: refusal(401)
    with pytest.raises(ServiceError, match="key was refused"):
        back_up(connection, folder)
    assert not folder.exists()


@pytest.mark.parametrize(
    "evil", ["../../escaped", "/etc/escaped", "a/../../escaped", "..", ".lock"]
)
def test_no_id_of_the_service_leads_out_of_the_folder(old, connection, folder, evil):
    file = {
        "id": evil,
        "object": "file",
        "bytes": 3,
        "created_at": 1,
        "filename": "../x",
        "purpose": "batch",
    }
    job = {
        "id": evil, "object": "fine_tuning.job", "created_at": 1, "status": "succeeded",
        "training_file": evil, "result_files": [evil], "fine_tuned_model": evil,
    }  # fmt: skip
    answers = {
        "/v1/files": file,
        "/v1/fine_tuning/jobs": job,
        "/v1/batches": file,
        "/v1/models": file,
    }
    old.script = lambda r: (
        of_json({"data": [answers[r.path]], "has_more": False})
        if r.path in answers
        else Response(200, {}, b"abc")
        if r.path.endswith("/content")
        else of_json({"data": [], "has_more": False})
    )
    back_up(connection, folder)
    outside = [path for path in folder.parent.rglob("*escaped*") if folder not in path.parents]
    assert not outside
    assert {path.name for path in folder.parent.iterdir() if path.is_dir()} <= {
        "saved",
        folder.name,
    }
    for kind in ("jobs", "files"):
        assert (folder / kind / folder_name(evil) / "manifest.json").is_file()


def test_azure_is_saved_through_its_own_client(account, offline_service, folder):
    with old_service(offline_service, prefix="/openai") as server:
        azure = Connection(azure_endpoint=server.root, api_version="2025-04-01-preview")
        assert back_up(azure, folder).complete
        assert json.loads((folder / "backup.json").read_text())["service"] == server.root
    content = folder / "files" / account.training.id / "content"
    assert content.stat().st_size == account.training.bytes
