"""What moves a job: a look, its creation, a call, or time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.service.engine.clock import ManualClock
from pitchpipe.service.engine.pace import LASTING

OPTIONS = {"hyperparameters": {"n_epochs": 4, "batch_size": 5}}  # sixteen steps
VALIDATING, QUEUED, RUNNING = (
    LASTING[f"job.{state}"] for state in ("validating_files", "queued", "running")
)
WHOLE = VALIDATING + QUEUED + RUNNING


@pytest.fixture
def clock():
    return ManualClock()


def steps(lab, job_id):
    return [event.data["step"] for event in lab.events(job_id) if event.data]


def look(lab, job_id):
    return lab.client.fine_tuning.jobs.retrieve(job_id).status


def test_polled_moves_by_one_step_a_look(make_lab):
    lab = make_lab(pace="polled")
    job_id = lab.create().id
    assert [look(lab, job_id) for _ in range(3)] == ["queued", "running", "running"]


def test_immediate_is_over_before_it_is_answered(make_lab):
    waiting = []
    lab = make_lab(pace="immediate", waiting=waiting.append)
    job = lab.create()
    assert job.status == "succeeded"
    assert waiting == [job.id]


def test_manual_moves_by_call_alone(make_lab, clock):
    lab = make_lab(pace="manual", clock=clock)
    job_id = lab.create().id
    clock.advance(10**6)
    assert {look(lab, job_id) for _ in range(5)} == {"validating_files"}
    lab.service.advance(job_id)
    assert look(lab, job_id) == "queued"


def test_timed_goes_from_state_to_state_when_its_time_is_over(make_lab, clock):
    lab = make_lab(pace="timed", clock=clock)
    job_id = lab.create().id
    seen = []
    for seconds in (0, VALIDATING - 1, 1, QUEUED - 1, 1, RUNNING - 1, 1):
        clock.advance(seconds)
        seen += [look(lab, job_id), look(lab, job_id)]
    assert seen[::2] == seen[1::2]
    assert seen[::2] == [
        "validating_files",
        "validating_files",
        "queued",
        "queued",
        "running",
        "running",
        "succeeded",
    ]


def test_timed_trains_as_time_goes_by(make_lab, clock):
    lab = make_lab(pace="timed", clock=clock)
    job_id = lab.create(**OPTIONS).id
    clock.advance(VALIDATING + QUEUED)
    done = []
    for _ in range(8):
        look(lab, job_id)
        done.append(len(steps(lab, job_id)))
        clock.advance(RUNNING / 8)
    assert done == [0, 2, 4, 6, 8, 10, 12, 14]
    assert look(lab, job_id) == "succeeded"


def test_who_looks_late_sees_what_who_looked_all_along_sees(make_lab):
    stories = []
    for looks in (1, 7, 50):
        clock = ManualClock()
        lab = make_lab(pace="timed", clock=clock)
        job_id = lab.create(**OPTIONS).id
        for _ in range(looks):
            clock.advance(WHOLE / looks)
            look(lab, job_id)
        job = lab.client.fine_tuning.jobs.retrieve(job_id)
        losses = [event.data for event in lab.events(job_id) if event.data]
        stories.append((job.status, job.trained_tokens, lab.result(job), losses))
    assert stories[0][0] == "succeeded"
    assert stories[0] == stories[1] == stories[2]


def test_progress_follows_the_clock_whatever_the_looks_in_between(make_client, lines):
    client = make_client(pace="timed")
    clock = client.service.clock

    def story(pauses):
        client.service.control.reset()
        job_id = client.create(client.upload(lines["completion"]()))
        for pause in pauses:
            clock.advance(pause)
            job = client.call("GET", f"fine_tuning/jobs/{job_id}")
        events = client.call("GET", f"fine_tuning/jobs/{job_id}/events?limit=1000")["data"]
        return job["status"], [event["message"] for event in events]

    @settings(deadline=None, max_examples=40)
    @given(pauses=st.lists(st.integers(0, 30), min_size=1, max_size=25))
    def check(pauses):
        """After any looks, a look shows what a first one at that moment would show."""
        assert story(pauses) == story([sum(pauses)])

    check()


def test_states_last_as_long_as_they_are_told(make_lab, clock):
    lab = make_lab(pace="timed", clock=clock, lasting={"job.queued": 1000, "job.running": 0})
    job_id = lab.create().id
    clock.advance(VALIDATING + 999)
    assert look(lab, job_id) == "queued"
    clock.advance(1)
    assert look(lab, job_id) == "succeeded"


def test_a_pause_takes_no_time_of_training(make_lab, clock):
    lab = make_lab(pace="timed", clock=clock)
    job_id = lab.create(**OPTIONS).id
    jobs = lab.client.fine_tuning.jobs
    clock.advance(VALIDATING + QUEUED + RUNNING / 2)
    look(lab, job_id)
    assert jobs.pause(job_id).status == "paused"
    before = steps(lab, job_id)
    clock.advance(10 * WHOLE)
    assert look(lab, job_id) == "paused"
    assert steps(lab, job_id) == before
    jobs.resume(job_id)
    clock.advance(QUEUED)
    assert look(lab, job_id) == "running"
    clock.advance(RUNNING)
    assert look(lab, job_id) == "succeeded"


def test_lists_and_events_are_looks_too(make_lab, clock):
    lab = make_lab(pace="timed", clock=clock)
    job_id = lab.create().id
    clock.advance(VALIDATING)
    assert lab.events(job_id)[-1].message == "Files validated, moving job to queued state"
    clock.advance(QUEUED + RUNNING)
    assert lab.client.fine_tuning.jobs.list().data[0].status == "succeeded"


def test_a_batch_is_answered_as_time_goes_by(make_lab, clock):
    lab = make_lab(pace="timed", clock=clock)
    batch_id = lab.batch(10)
    seen = []
    validating, answering, finalizing = (
        LASTING[f"batch.{state}"] for state in ("validating", "in_progress", "finalizing")
    )
    for seconds in (0, validating, answering / 2, answering / 2, finalizing):
        clock.advance(seconds)
        batch = lab.client.batches.retrieve(batch_id)
        seen.append((batch.status, batch.request_counts.completed))
    assert seen == [
        ("validating", 0),
        ("in_progress", 0),
        ("in_progress", 5),
        ("finalizing", 10),
        ("completed", 10),
    ]
