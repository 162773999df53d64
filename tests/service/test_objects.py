"""What stands in the fields of objects means what clients take it to mean, state by state."""

from __future__ import annotations

import math
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.service.server.loopback import serve

VALUES = {"n_epochs": 4, "batch_size": 5}


class Watch:
    """A job, a step of which takes ten seconds; and what it said in each state."""

    def __init__(self, lab: Any, **options: Any) -> None:
        self.lab = lab
        self.job_id = lab.create(hyperparameters=VALUES, **options).id

    def look(self) -> Any:
        return self.lab.client.fine_tuning.jobs.retrieve(self.job_id)

    def until(self, status: str) -> Any:
        for _ in range(100):
            job = self.look()
            if job.status == status:
                return job
            self.lab.clock.now += 10
            self.lab.service.advance(self.job_id)
        raise AssertionError(f"never {status}")


@pytest.fixture
def watch(make_lab):
    return lambda **options: Watch(make_lab(pace="manual"), **options)


NOTHING_YET = ("error", "fine_tuned_model", "finished_at", "trained_tokens", "estimated_finish")


@pytest.mark.parametrize("status", ["validating_files", "queued", "running"])
def test_a_job_that_goes_on_has_no_end(watch, status):
    job = watch().until(status)
    assert [getattr(job, name) for name in NOTHING_YET] == [None] * len(NOTHING_YET)
    assert job.result_files == []
    resolved = status == "running"
    assert (job.hyperparameters.n_epochs, job.method.type) == (4, "supervised")
    assert (job.hyperparameters.learning_rate_multiplier == "auto") != resolved
    assert job.method.supervised.hyperparameters.n_epochs == 4


def test_a_running_job_tells_when_it_will_have_ended(make_lab):
    lab = make_lab(pace="timed", lasting={"job.running": 400})
    job_id = lab.create(hyperparameters={"n_epochs": 10, "batch_size": 5}).id
    began, told = None, []
    for _ in range(100):
        job = lab.client.fine_tuning.jobs.retrieve(job_id)
        if job.status == "running":
            began = began or lab.clock.now
            told.append((lab.clock.now, job.estimated_finish))
        elif began:
            break
        else:
            assert job.estimated_finish is None
        lab.clock.now += 10
    assert job.status == "succeeded"
    assert job.estimated_finish is None
    guesses = [(now, guess) for now, guess in told if guess is not None]
    assert len(guesses) > 30
    assert all(now <= guess for now, guess in guesses)
    late = [guess - job.finished_at for _, guess in guesses[5:]]
    assert max(map(abs, late)) <= 60


def test_a_guess_begins_anew_where_a_job_goes_on(watch):
    watched = watch()
    watched.until("running")
    for _ in range(8):
        watched.lab.clock.now += 10
        watched.lab.service.advance(watched.job_id)
        if watched.look().estimated_finish:
            break
    jobs = watched.lab.client.fine_tuning.jobs
    if watched.look().status == "running":
        assert jobs.pause(watched.job_id).estimated_finish is None
        watched.lab.clock.now += 10_000
        assert jobs.resume(watched.job_id).estimated_finish is None
    assert watched.until("succeeded").estimated_finish is None


def test_a_job_that_succeeded(watch):
    watched = watch()
    job = watched.until("succeeded")
    assert job.error is None
    assert job.finished_at > job.created_at
    assert job.fine_tuned_model.startswith(f"ft:{job.model}:")
    assert watched.lab.client.models.retrieve(job.fine_tuned_model).created <= job.finished_at
    (file_id,) = job.result_files
    assert watched.lab.client.files.retrieve(file_id).purpose == "fine-tune-results"
    assert job.trained_tokens > 0
    assert job.trained_tokens % 4 == 0  # epochs
    assert job.organization_id


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_job_without_a_model(make_lab, status):
    lab = make_lab(pace="manual")
    watched = Watch(lab, content=b'{"prompt": "x"}\n' * 10 if status == "failed" else None)
    if status == "cancelled":
        watched.until("running")
        lab.client.fine_tuning.jobs.cancel(watched.job_id)
    job = watched.until(status)
    assert (job.fine_tuned_model, job.trained_tokens, job.estimated_finish) == (None, None, None)
    assert job.result_files == []
    assert job.finished_at >= job.created_at
    if status == "failed":
        assert job.error.code
        assert job.error.param == "training_file"
        assert "line 1" in job.error.message.lower()
    else:
        assert job.error is None


def test_events_and_checkpoints_have_the_figures_of_the_result_file(make_lab, lines):
    lab = make_lab()
    job = lab.run(validation_file=lab.upload(lines["completion"](5)), hyperparameters=VALUES)
    table = [line.split(",") for line in lab.result(job).splitlines()[1:]]
    events = lab.events(job.id)
    assert {event.type for event in events} == {"message", "metrics"}
    assert all(event.data == {} for event in events if event.type == "message")
    metrics = {event.data["step"]: event.data for event in events if event.type == "metrics"}
    assert sorted(metrics) == list(range(1, 17))
    for step, loss, accuracy, valid_loss, valid_accuracy in table:
        data = metrics[int(step)]
        assert data["total_steps"] == 16
        assert math.isclose(data["train_loss"], float(loss), rel_tol=1e-5)
        assert math.isclose(data["train_mean_token_accuracy"], float(accuracy), rel_tol=1e-5)
        assert ("valid_loss" in data) == bool(valid_loss)
        if valid_loss:
            assert math.isclose(data["full_valid_loss"], float(valid_loss), rel_tol=1e-5)
            accuracy = data["full_valid_mean_token_accuracy"]
            assert math.isclose(accuracy, float(valid_accuracy), rel_tol=1e-5)
    for checkpoint in lab.client.fine_tuning.jobs.checkpoints.list(job.id):
        figures = checkpoint.metrics.to_dict(exclude_none=True)
        assert figures["step"] == checkpoint.step_number
        told = metrics[checkpoint.step_number]
        assert figures == {name: told[name] for name in told if name != "total_steps"}
        assert checkpoint.fine_tuning_job_id == job.id


# --- files ---


def test_a_file_s_fields(lab):
    file = lab.client.files.create(
        file=("a.jsonl", b"{}\n"),
        purpose="batch",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )
    assert (file.bytes, file.status, file.status_details) == (3, "processed", None)
    assert file.expires_at == file.created_at + 3600
    told = lab.client.files.retrieve(lab.upload()).to_dict()
    assert "expires_at" not in told
    assert "status_details" not in told


NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)


@given(NAMES | st.sampled_from(['a"b;.jsonl', "é.jsonl", "a b.jsonl", "../x", "日本.jsonl"]))
def test_a_download_is_saved_and_not_shown(url, name):
    with openai.OpenAI(api_key="k", base_url=url, max_retries=0) as client:
        file = client.files.create(file=(name, b"{}\n"), purpose="fine-tune")
        got = client.files.content(file.id).response
    assert got.content == b"{}\n"
    assert got.headers["content-type"] == "application/octet-stream"
    told = got.headers["content-disposition"]
    assert told.startswith("attachment; filename")
    assert told.isascii()
    assert told.count('"') in (0, 2)
    assert told.count(";") == 1


@pytest.fixture(scope="module")
def url():
    from pitchpipe.service.service import Service

    service = Service()
    with serve(service) as address:
        yield address
    service.close()
