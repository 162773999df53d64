"""Whatever a client does, a job only takes legal steps."""

from __future__ import annotations

import json

import openai
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from pitchpipe.service.engine import states
from pitchpipe.service.http import ApiError, Request, dumps
from pitchpipe.service.service import Service
from pitchpipe.service.storage.store import Row

LEGAL = {
    ("validating_files", "queued"),
    ("validating_files", "failed"),
    ("validating_files", "cancelled"),
    ("queued", "running"),
    ("queued", "paused"),
    ("queued", "cancelled"),
    ("running", "paused"),
    ("running", "succeeded"),
    ("running", "cancelled"),
    ("paused", "queued"),
    ("paused", "cancelled"),
}
FINAL = {"succeeded", "failed", "cancelled"}
AFTER = {"pause": "paused", "resume": "queued", "cancel": "cancelled"}


def machine(learner, good, bad):
    class Machine(RuleBasedStateMachine):
        jobs = Bundle("jobs")

        def __init__(self):
            super().__init__()
            self.service = Service(learner=learner, clock=lambda: 0.0, pace="manual")
            self.seen: dict[str, str] = {}
            self.events: dict[str, list[str]] = {}
            self.files = [self.upload(good), self.upload(bad)]

        def teardown(self):
            self.service.close()

        def call(self, method, path, body=None):
            content = b"" if body is None else dumps(body)
            response = self.service.handle(Request.of(method, f"/v1/{path}", [], content))
            return response.status, json.loads(response.body)

        def upload(self, content):
            part = b'--b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
            form = part % (b"purpose", b"", b"fine-tune")
            form += part % (b"file", b';filename="f"', content) + b"--b--"
            kind = [("content-type", "multipart/form-data; boundary=b")]
            response = self.service.handle(Request.of("POST", "/v1/files", kind, form))
            return json.loads(response.body)["id"]

        def look(self, job_id):
            """One step since the last look at the most, and that a legal one."""
            _, job = self.call("GET", f"fine_tuning/jobs/{job_id}")
            before, now = self.seen[job_id], job["status"]
            assert now == before or (before, now) in LEGAL
            self.seen[job_id] = now
            assert (job["finished_at"] is not None) == (now in FINAL)
            assert (job["error"] is not None) == (now == "failed")
            assert (job["fine_tuned_model"] is not None) == (now == "succeeded")
            return now

        @rule(target=jobs, which=st.integers(0, 1), epochs=st.integers(1, 3))
        def create(self, which, epochs):
            body = {
                "model": "babbage-002",
                "training_file": self.files[which],
                "hyperparameters": {"n_epochs": epochs},
            }
            _, job = self.call("POST", "fine_tuning/jobs", body)
            self.seen[job["id"]] = "validating_files"
            self.look(job["id"])
            return job["id"]

        @rule(job_id=jobs)
        def advance(self, job_id):
            before = self.seen[job_id]
            self.service.advance(job_id)
            if self.look(job_id) == before:
                assert before in FINAL | {"running", "paused"}

        @rule(job_id=jobs)
        def read_events(self, job_id):
            _, page = self.call("GET", f"fine_tuning/jobs/{job_id}/events?limit=1000")
            ids = [event["id"] for event in page["data"]][::-1]
            known = self.events.get(job_id, [])
            assert ids[: len(known)] == known
            assert ids == sorted(set(ids))
            steps = [event["data"]["step"] for event in page["data"] if event["data"]]
            assert steps == list(range(len(steps), 0, -1))
            self.events[job_id] = ids

        @rule(job_id=jobs, verb=st.sampled_from(sorted(AFTER)))
        def command(self, job_id, verb):
            before = self.seen[job_id]
            status, answer = self.call("POST", f"fine_tuning/jobs/{job_id}/{verb}")
            legal = (before, AFTER[verb]) in LEGAL and (verb != "resume" or before == "paused")
            assert status == (200 if legal else 400)
            assert self.look(job_id) == (AFTER[verb] if legal else before)
            if not legal:
                assert answer["error"]["code"] == "invalid_status"

        @invariant()
        def what_has_ended_stays(self):
            for job_id, status in self.seen.items():
                if status in FINAL:
                    self.service.advance(job_id)
                    assert self.look(job_id) == status

    return Machine


def test_only_legal_transitions_happen(learner, lines):
    run_state_machine_as_test(
        lambda: machine(learner, lines["completion"](10), b"nothing")(),
        settings=settings(max_examples=25, stateful_step_count=30, deadline=None),
    )


@pytest.mark.parametrize("table", [states.JOB, states.BATCH])
def test_the_tables_are_closed_and_every_status_can_be_reached_and_left(table):
    reached = set().union(*table.values()) | {next(iter(table))}
    assert reached == set(table)
    assert any(states.ended(table, status) for status in table)


def test_an_illegal_step_is_refused_and_changes_nothing():
    row = Row(1, "job", "ftjob-1", "", {"id": "ftjob-1", "status": "succeeded"}, {"since": 1.0})
    with pytest.raises(ApiError, match=r"'succeeded'.*cannot become 'running': it has ended"):
        states.move(states.JOB, row, "running", 2.0)
    assert (row.body["status"], row.private) == ("succeeded", {"since": 1.0})


def test_pause_stops_and_resume_goes_on_with_the_same_losses(make_lab):
    options = {"hyperparameters": {"n_epochs": 4, "batch_size": 10}}
    straight = make_lab()
    expected = straight.result(straight.run(**options))

    lab = make_lab()
    jobs = lab.client.fine_tuning.jobs
    job_id = lab.create(**options).id
    with pytest.raises(openai.BadRequestError, match="cannot become 'paused'"):
        jobs.pause(job_id)
    for _ in range(4):
        jobs.retrieve(job_id)
    assert jobs.pause(job_id).status == "paused"
    paused = lab.events(job_id)
    assert paused[-1].message == "Fine-tuning job paused"
    assert jobs.retrieve(job_id).status == "paused"
    assert len(lab.events(job_id)) == len(paused)
    assert jobs.resume(job_id).status == "queued"
    assert lab.result(lab.finish(job_id)) == expected


def test_a_cancelled_job_leaves_no_model(lab):
    job_id = lab.create().id
    for _ in range(3):
        lab.client.fine_tuning.jobs.retrieve(job_id)
    job = lab.client.fine_tuning.jobs.cancel(job_id)
    assert (job.status, job.fine_tuned_model) == ("cancelled", None)
    assert job.finished_at is not None
    with pytest.raises(openai.BadRequestError, match="it has ended"):
        lab.client.fine_tuning.jobs.cancel(job_id)
    assert not [m for m in lab.client.models.list() if m.id.startswith("ft:")]
