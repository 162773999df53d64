from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from pitchpipe.service.server import workers as module
from pitchpipe.service.server.worker import Orders, Worker
from pitchpipe.service.server.workers import Workers
from pitchpipe.service.service import Service


@pytest.fixture
def queue(make_lab, tmp_path):
    """A folder with work in it, and a worker at hand."""
    lab = make_lab(data_dir=tmp_path, pace="manual")
    said = []
    return lab, Worker(lab.service, said.append), said


def test_work_is_done_oldest_first_and_to_its_end(queue):
    lab, worker, said = queue
    jobs = [lab.create().id for _ in range(3)]
    while worker.work():
        pass
    assert said == [word for job in jobs for word in (job, "")]
    assert {job.status for job in lab.client.fine_tuning.jobs.list()} == {"succeeded"}


def test_what_waits_is_checked_at_once_though_the_queue_is_long(queue, lines):
    lab, worker, _ = queue
    first = lab.create().id
    bad = lab.create(b"not json\n").id
    worker.work()
    job = lab.client.fine_tuning.jobs.retrieve
    assert (job(first).status, job(bad).status) == ("succeeded", "failed")


def test_batches_and_jobs_take_turns(queue):
    lab, worker, said = queue
    line = (
        b'{"custom_id":"a","method":"POST","url":"/v1/completions",'
        b'"body":{"model":"ada","prompt":"x"}}\n'
    )
    file_id = lab.upload(line, "batch")
    batches = [
        lab.client.batches.create(
            input_file_id=file_id, endpoint="/v1/completions", completion_window="24h"
        ).id
        for _ in range(2)
    ]
    jobs = [lab.create().id for _ in range(2)]
    while worker.work():
        pass
    assert [word for word in said if word] == [batches[0], jobs[0], batches[1], jobs[1]]


def test_what_somebody_has_in_hand_or_has_paused_is_left_alone(queue):
    lab, worker, said = queue
    paused, taken, free = (lab.create().id for _ in range(3))
    for job_id in (paused, taken, free):
        lab.service.advance(job_id)
    lab.client.fine_tuning.jobs.pause(paused)
    with lab.service.blobs.claim(f"{taken}.worker") as mine:
        assert mine
        assert worker.work()
        assert not worker.work()
    assert [word for word in said if word] == [free]
    assert lab.client.fine_tuning.jobs.retrieve(taken).status == "queued"


def test_a_job_of_another_learner_is_no_work(queue, learner, tmp_path):
    lab, _, _ = queue
    job_id = lab.create().id
    other = Service(tmp_path, pace="manual", learner=learner, learner_name="other")
    assert not Worker(other, lambda _: None).work()
    other.close()
    assert lab.client.fine_tuning.jobs.retrieve(job_id).status == "validating_files"


def test_a_job_is_paused_and_cancelled_between_two_slices(queue, lines):
    lab, worker, _ = queue
    options = {"hyperparameters": {"n_epochs": 5, "batch_size": 1}}
    job_id = lab.create(lines["completion"](3000), **options).id
    jobs = lab.client.fine_tuning.jobs
    advance = lab.service.advance
    calls = []

    def interrupted(object_id):
        calls.append(object_id)
        advance(object_id)
        if len(calls) == 5:
            jobs.pause(job_id)

    lab.service.advance = interrupted
    assert worker.work()
    assert jobs.retrieve(job_id).status == "paused"
    assert len(calls) == 5
    jobs.resume(job_id)
    lab.service.advance = advance
    assert worker.work()
    assert jobs.retrieve(job_id).status == "succeeded"


def test_what_keeps_killing_workers_is_given_up(make_lab, tmp_path, monkeypatch):
    lab = make_lab(data_dir=tmp_path, pace="manual")
    job_id = lab.create().id
    given_up = threading.Event()

    def give_up(object_id, reason):
        lab.service.give_up(object_id, reason)
        given_up.set()

    pool = Workers(1, Orders(str(tmp_path), "ngram", {}, "text", "error"), give_up)
    monkeypatch.setattr(pool, "_live_and_die", lambda: (-signal.SIGKILL, job_id))
    monkeypatch.setattr(module, "_REST_SECONDS", 0.0)
    with pool:
        assert given_up.wait(30)
    job = lab.client.fine_tuning.jobs.retrieve(job_id)
    assert (job.status, job.error.code) == ("failed", "server_error")
    assert "ended its process 3 times" in job.error.message


def test_giving_up_a_batch_says_why(queue):
    lab, _, _ = queue
    file_id = lab.upload(b'{"custom_id":"a"}\n', "batch")
    batch_id = lab.client.batches.create(
        input_file_id=file_id, endpoint="/v1/completions", completion_window="24h"
    ).id
    lab.service.give_up(batch_id, "Too big.")
    batch = lab.client.batches.retrieve(batch_id)
    assert (batch.status, batch.errors.data[0].message) == ("failed", "Too big.")
    lab.service.give_up(batch_id, "Again.")
    assert lab.client.batches.retrieve(batch_id) == batch


def test_an_interrupt_while_workers_are_started_ends_the_process():
    program = """if True:
        from pitchpipe.service.server import workers

        class Interrupted(workers.Workers):
            def __enter__(self):
                super().__enter__()
                raise KeyboardInterrupt

        orders = workers.Orders("", "ngram", {}, "text", "critical")
        with Interrupted(1, orders, lambda *_: None):
            pass
    """
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=300)
    assert ended.returncode == -signal.SIGINT
