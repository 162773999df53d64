"""All that a service holds, put aside, brought back, and forgotten."""

from __future__ import annotations

import threading

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pitchpipe.service.control.working import JobFails
from pitchpipe.service.http import ApiError


def machine(make_client, lines):
    class Machine(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.client = make_client()
            self.service = self.client.service
            self.control = self.service.control
            self.taken = {}

        def teardown(self):
            self.service.close()

        @rule(count=st.integers(8, 30))
        def upload(self, count):
            self.client.upload(lines(count))

        @rule(which=st.integers(0, 5), tuned=st.booleans())
        def create(self, which, tuned):
            files, models = self.client.ids("files"), self.client.ids("models")
            if files:
                model = models[-1] if tuned else "babbage-002"
                self.client.create(files[which % len(files)], model=model)

        @rule(which=st.integers(0, 5), steps=st.integers(1, 6))
        def advance(self, which, steps):
            jobs = self.client.ids("fine_tuning/jobs")
            if jobs:
                self.control.advance(jobs[which % len(jobs)], steps=steps)

        @rule(which=st.integers(0, 5), verb=st.sampled_from(["pause", "resume", "cancel"]))
        def command(self, which, verb):
            jobs = self.client.ids("fine_tuning/jobs")
            if jobs:
                self.client.call("POST", f"fine_tuning/jobs/{jobs[which % len(jobs)]}/{verb}")

        @rule(which=st.integers(0, 5), kind=st.sampled_from(["files", "models"]))
        def delete(self, which, kind):
            found = [name for name in self.client.ids(kind) if name.startswith(("file-", "ft:"))]
            if found:
                self.client.call("DELETE", f"{kind}/{found[which % len(found)]}")

        @rule()
        def reset(self):
            self.control.reset()
            assert not self.client.ids("files")

        @rule()
        def snapshot(self):
            before = self.client.holdings()
            name = self.control.snapshot()
            assert name not in self.taken
            assert self.client.holdings() == before
            self.taken[name] = before

        @precondition(lambda self: self.taken)
        @rule(data=st.data())
        def restore(self, data):
            name = data.draw(st.sampled_from(sorted(self.taken)))
            self.control.restore(name)
            assert self.client.holdings() == self.taken[name]

        @precondition(lambda self: self.taken)
        @rule(data=st.data())
        def live_twice(self, data):
            """From one snapshot on, the same requests lead to the same end."""
            name = data.draw(st.sampled_from(sorted(self.taken)))
            ends = []
            for _ in range(2):
                self.control.restore(name)
                story = self.client.story(lines(12))
                self.control.advance(steps=50)
                ends.append((story, self.client.holdings()))
            assert ends[0] == ends[1]

        @invariant()
        def the_known_snapshots_are_there(self):
            assert set(self.control.snapshots.names()) == set(self.taken)

        @invariant()
        def no_place_is_given_out_twice(self):
            """What is remembered by its place in the order of creation stays true."""
            rows = self.service.store.connection.execute("SELECT max(seq) FROM objects").fetchone()
            last = self.service.store.connection.execute(
                "SELECT seq FROM sqlite_sequence WHERE name = 'objects'"
            ).fetchone()
            highest = last[0] if last else 0
            assert (rows[0] or 0) <= highest
            assert highest >= getattr(self, "highest", 0)
            self.highest = highest

    return Machine


def test_what_is_brought_back_is_what_was_put_aside(make_client, lines):
    run_state_machine_as_test(
        machine(make_client, lines["completion"]),
        settings=settings(max_examples=20, stateful_step_count=15, deadline=None),
    )


@pytest.mark.parametrize("seed", [None, 0, 9])
def test_a_reset_service_is_as_good_as_new(make_client, lines, seed):
    used, new = make_client(seed=3), make_client(seed=3 if seed is None else seed)
    used.story(lines["completion"](30))
    used.service.control.faults.add(JobFails())
    used.service.control.reset(seed)
    assert list(used.service.control.requests) == []
    assert used.service.control.faults.list() == []
    assert used.holdings() == new.holdings()
    assert used.story(lines["completion"](12)) == new.story(lines["completion"](12))


def test_a_reset_reaches_the_folder(make_client, lines, tmp_path):
    first = make_client(data_dir=tmp_path)
    first.story(lines["completion"](12))
    other = make_client(data_dir=tmp_path)
    first.service.control.reset()
    assert other.ids("files") == []
    first.service.close()
    kept = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert not [name for name in kept if name.startswith(("file-", "weights"))]


def test_snapshots_outlive_the_service(make_client, lines, tmp_path):
    first = make_client(data_dir=tmp_path)
    first.story(lines["completion"](12))
    name = first.service.control.snapshot()
    before = first.holdings()
    first.service.control.reset()
    first.service.close()
    second = make_client(data_dir=tmp_path)
    second.service.control.restore(name)
    assert second.holdings() == before
    assert second.service.control.snapshot() == "snapshot-2"


def test_another_process_goes_on_from_what_was_brought_back(make_client, lines, tmp_path):
    """Not from what it remembers of a job that had the same id and as many steps."""
    first, second = make_client(data_dir=tmp_path), make_client(data_dir=tmp_path)
    name = first.service.control.snapshot()

    def start(client, content):
        job_id = client.create(client.upload(content))
        second.service.control.advance(job_id, steps=3)
        return job_id

    job_id = start(first, lines["completion"](40))
    mine = first.service.control.snapshot()
    second.service.control.advance(job_id, steps=50)
    expected = second.holdings()
    first.service.control.restore(name)
    assert start(first, b"\n".join(sorted(lines["completion"](40).splitlines()))) == job_id
    first.service.control.restore(mine)
    second.service.control.advance(job_id, steps=50)
    assert second.holdings() == expected


def test_nothing_moves_while_a_snapshot_is_taken(make_client, lines, monkeypatch):
    client = make_client()
    control, blobs = client.service.control, client.service.blobs
    job_id = client.create(client.upload(lines["completion"](40)))
    save = blobs.save

    def save_slowly(folder):
        mover = threading.Thread(target=control.advance, args=(job_id,), daemon=True)
        monkeypatch.setattr(control, "_status", lambda _: "unknown")  # it waits for the store
        mover.start()
        mover.join(10)
        assert not mover.is_alive()
        monkeypatch.undo()
        save(folder)

    monkeypatch.setattr(blobs, "save", save_slowly)
    control.snapshot()
    assert client.call("GET", f"fine_tuning/jobs/{job_id}")["status"] == "validating_files"


@pytest.mark.parametrize("name", ["snapshot-2", "1", "../files", "snapshot-../1", ""])
def test_a_snapshot_that_was_not_taken_is_not_brought_back(make_client, lines, name):
    client = make_client()
    client.upload(lines["completion"]())
    client.service.control.snapshot()
    before = client.holdings()
    with pytest.raises(ApiError, match=f"no snapshot '{name}'"):
        client.service.control.restore(name)
    assert client.holdings() == before


def test_bytes_are_shared_and_copied_where_that_cannot_be(make_client, lines, monkeypatch):
    client = make_client()
    file_id = client.upload(lines["completion"]())
    path = client.service.blobs._layout.file(file_id)
    client.service.control.snapshot()
    assert path.stat().st_nlink == 2

    def refuse(*_):
        raise OSError

    monkeypatch.setattr("os.link", refuse)
    name = client.service.control.snapshot()
    assert path.stat().st_nlink == 2
    before = client.holdings()
    client.service.control.reset()
    client.service.control.restore(name)
    assert client.holdings() == before


def test_faults_of_jobs_are_brought_back_too(make_client, lines):
    client = make_client()
    client.service.control.faults.add(JobFails())
    name = client.service.control.snapshot()
    assert client.story(lines["completion"]())[0]["status"] == "failed"
    client.service.control.restore(name)
    assert client.story(lines["completion"]())[0]["status"] == "failed"
    assert client.story(lines["completion"]())[0]["status"] == "succeeded"
