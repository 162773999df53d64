"""Jobs that fail and uploads that turn out bad."""

from __future__ import annotations

import openai
import pytest

from pitchpipe.service.control.refusing import Status
from pitchpipe.service.control.working import JobFails, UploadRejected
from pitchpipe.service.service import Service

OPTIONS = {"hyperparameters": {"n_epochs": 2, "batch_size": 4}}  # ten steps


def steps(lab, job_id):
    return [event.data["step"] for event in lab.events(job_id) if event.data]


@pytest.mark.parametrize("step", [1, 2, 5, 6, 10, 11])
def test_a_job_fails_in_place_of_the_step(make_lab, step):
    lab = make_lab(pace="manual")
    lab.service.control.faults.add(JobFails(step=step, code="no_luck", message="Bad luck."))
    job = lab.run(**OPTIONS)
    if step > 10:
        assert job.status == "succeeded"
    else:
        assert job.status == "failed"
        assert (job.error.code, job.error.message) == ("no_luck", "Bad luck.")
        assert steps(lab, job.id) == list(range(1, step))
    assert lab.run(**OPTIONS).status == "succeeded"


def test_a_job_that_fails_has_the_losses_it_would_have_had(make_lab):
    good, bad = make_lab(pace="manual"), make_lab(pace="manual")
    bad.service.control.faults.add(JobFails(step=7))
    stories = [lab.events(lab.run(**OPTIONS).id) for lab in (good, bad)]
    losses = [[event.data["train_loss"] for event in story if event.data] for story in stories]
    assert losses[1] == losses[0][:6]


def test_the_model_decides_which_job_fails(lab, control):
    control.faults.add(JobFails(model="ft:*"))
    job = lab.run()
    assert job.status == "succeeded"
    assert lab.run(model=job.fine_tuned_model).status == "failed"


def test_jobs_may_pass_before_one_fails(lab, control):
    control.faults.add(JobFails(after=1, times=2))
    assert [lab.run().status for _ in range(4)] == ["succeeded", "failed", "failed", "succeeded"]
    assert not control.faults.list()


def test_a_job_fails_whichever_process_trains_it(make_lab, learner, tmp_path):
    lab = make_lab(data_dir=tmp_path, pace="manual")
    other = Service(tmp_path, pace="manual", learner=learner, clock=lab.clock)
    other.control.faults.add(JobFails(step=3))
    job_id = lab.create(**OPTIONS).id
    for _ in range(10):
        other.advance(job_id)
    other.close()
    assert lab.client.fine_tuning.jobs.retrieve(job_id).status == "failed"
    assert steps(lab, job_id) == [1, 2]


def test_time_brings_a_job_to_its_failure_and_not_before(make_lab):
    lab = make_lab(pace="timed", lasting={"job.running": 100})
    lab.service.control.faults.add(JobFails(step=6))
    job_id = lab.create(**OPTIONS).id
    statuses = []
    for seconds in (15, 50, 9, 1):
        lab.service.control.advance(seconds=seconds)
        statuses.append((lab.client.fine_tuning.jobs.retrieve(job_id).status, steps(lab, job_id)))
    five = [1, 2, 3, 4, 5]
    assert statuses == [("running", []), ("running", five), ("running", five), ("failed", five)]


def test_a_rejected_upload_is_accepted_first_and_fails_its_job(lab, control, lines):
    control.faults.add(UploadRejected(filename="*.jsonl", details="Looks odd."))
    client = lab.client
    file = client.files.create(file=("data.jsonl", lines["completion"]()), purpose="fine-tune")
    assert file.status == "uploaded"
    file = client.files.retrieve(file.id)
    assert (file.status, file.status_details) == ("error", "Looks odd.")
    job = lab.run(training_file=file.id)
    assert (job.status, job.error.code) == ("failed", "invalid_training_file")
    assert job.error.message == f"training_file: the file {file.id} was rejected: Looks odd."
    assert lab.run().status == "succeeded"


def test_a_rejected_upload_fails_its_batch(lab, control):
    control.faults.add(UploadRejected(purpose="batch", details="Looks odd."))
    batch_id = lab.batch()
    assert list(control.advance(batch_id).values()) == ["failed"]
    errors = lab.client.batches.retrieve(batch_id).errors.data
    assert "Looks odd." in errors[0].message


def test_what_the_service_writes_itself_is_no_upload(lab, control):
    control.faults.add(UploadRejected(filename="step_metrics.csv", times=None))
    job = lab.run()
    assert lab.client.files.retrieve(job.result_files[0]).status == "processed"


def test_batches_neither_count_nor_suffer(lab, control):
    batch_id = lab.batch()
    control.faults.add(Status(status=500, path="/completions"))
    control.advance(steps=3)
    assert lab.client.batches.retrieve(batch_id).request_counts.completed == 3
    assert all(record.path != "/v1/completions" for record in control.requests)
    with pytest.raises(openai.InternalServerError):
        lab.client.completions.create(model="babbage-002", prompt="x")
