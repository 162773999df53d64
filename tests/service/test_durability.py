"""What a data folder remembers: everything, whoever dies."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai
import pytest

OPTIONS = {"hyperparameters": {"n_epochs": 3, "batch_size": 1}, "suffix": "s"}
KILLED = """
import importlib.util, os, signal, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("conftest_of_service", sys.argv[1])
module = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = module
spec.loader.exec_module(module)
lab = module.Lab(data_dir=Path(sys.argv[2]), pace="manual")
job = lab.create(module.completion_lines(3000), **{options})
for _ in range(int(sys.argv[3])):
    lab.service.advance(job.id)
print(job.id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
""".replace("{options}", repr(OPTIONS))


def story(lab, job):
    return (
        job.to_json(),
        lab.result(job),
        [event.to_json() for event in lab.events(job.id)],
        lab.client.completions.create(model=job.fine_tuned_model, prompt="x", n=4).choices,
    )


@pytest.fixture
def straight(make_lab, lines):
    """What an uninterrupted run leaves."""
    lab = make_lab()
    return story(lab, lab.run(lines["completion"](3000), **OPTIONS))


@pytest.mark.parametrize("advances", [3, 5])
def test_a_killed_process_is_taken_over_with_the_same_losses(
    make_lab, straight, tmp_path, advances
):
    conftest = Path(__file__).with_name("conftest.py")
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(conftest), str(tmp_path), str(advances)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    lab = make_lab(data_dir=tmp_path)
    assert story(lab, lab.finish(killed.stdout.strip())) == straight


def test_two_services_may_share_a_folder_and_a_job(make_lab, straight, lines, tmp_path):
    first = make_lab(data_dir=tmp_path, pace="manual")
    second = make_lab(data_dir=tmp_path, pace="manual")
    job = first.create(lines["completion"](3000), **OPTIONS)
    for _ in range(20):
        first.service.advance(job.id)
        second.service.advance(job.id)
    for lab in (first, second):
        assert story(lab, lab.client.fine_tuning.jobs.retrieve(job.id)) == straight


def test_many_threads_may_poll_one_job(lab, straight, lines):
    job_id = lab.create(lines["completion"](3000), **OPTIONS).id
    jobs = lab.client.fine_tuning.jobs

    def poll(_):
        while (job := jobs.retrieve(job_id)).status not in ("succeeded", "failed"):
            jobs.list_events(job_id)
        return job

    with ThreadPoolExecutor(16) as pool:
        polled = list(pool.map(poll, range(16)))
    assert {job.fine_tuned_model for job in polled} == {polled[0].fine_tuned_model}
    assert story(lab, polled[0]) == straight


def test_many_threads_may_create_and_upload(lab):
    with ThreadPoolExecutor(16) as pool:
        jobs = list(pool.map(lambda _: lab.run(), range(16)))
    assert {job.status for job in jobs} == {"succeeded"}
    assert len({job.id for job in jobs}) == len({job.fine_tuned_model for job in jobs}) == 16
    assert len(list(lab.client.files.list(purpose="fine-tune"))) == 16


def test_everything_is_there_after_reopening(make_lab, tmp_path):
    lab = make_lab(data_dir=tmp_path, seed=5)
    job = lab.run()
    before = story(lab, job)
    lab.close()
    again = make_lab(data_dir=tmp_path, seed=6)
    assert story(again, again.client.fine_tuning.jobs.retrieve(job.id)) == before
    assert again.client.files.content(job.training_file).content
    assert again.run().id != job.id


def test_without_a_folder_nothing_is_left(make_lab, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    lab = make_lab()
    lab.run()
    assert list(tmp_path.iterdir())
    lab.close()
    assert not list(tmp_path.iterdir())


def test_a_job_belongs_to_the_learner_that_was_chosen_for_it(make_lab, tmp_path):
    lab = make_lab(data_dir=tmp_path)
    tuned = lab.run().fine_tuned_model
    waiting = lab.create().id
    other = make_lab(data_dir=tmp_path, learner_name="other")
    for _ in range(3):
        assert other.client.fine_tuning.jobs.retrieve(waiting).status == "validating_files"

    with pytest.raises(openai.BadRequestError, match="trained by the learner 'ngram'"):
        other.client.completions.create(model=tuned, prompt="x")
    assert other.run(model=tuned).error.code == "model_not_found"


def test_a_job_that_is_being_moved_on_is_left_alone(make_lab, learner, lines):
    """A poll never waits for another one's slice."""
    inside, go_on = threading.Event(), threading.Event()

    class Slow(learner):
        def fit(self, *args):
            for step in super().fit(*args):
                inside.set()
                assert go_on.wait(30)
                yield step

    lab = make_lab(learner=Slow, pace="manual")
    job_id = lab.create().id
    lab.service.advance(job_id)
    lab.service.advance(job_id)
    worker = threading.Thread(target=lab.service.advance, args=(job_id,))
    worker.start()
    assert inside.wait(30)
    lab.service.advance(job_id)
    assert lab.client.fine_tuning.jobs.cancel(job_id).status == "cancelled"
    go_on.set()
    worker.join()
    job = lab.client.fine_tuning.jobs.retrieve(job_id)
    assert (job.status, job.fine_tuned_model) == ("cancelled", None)
    assert lab.client.fine_tuning.jobs.checkpoints.list(job_id).data == []


@pytest.mark.parametrize(
    ("step", "code", "message"),
    [
        ({"train_loss": float("nan")}, "training_diverged", "no longer finite at step 1"),
        ({"valid_loss": float("inf")}, "training_diverged", "no longer finite at step 1"),
        ("raise", "server_error", "ZeroDivisionError"),
        ("stop", "server_error", "ended after step 0"),
    ],
)
def test_a_learner_that_misbehaves_fails_its_job(make_lab, learner, step, code, message):

    class Bad(learner):
        def fit(self, *args):
            for good in super().fit(*args):
                if step == "stop":
                    return
                if step == "raise":
                    raise ZeroDivisionError("oh")
                yield dataclasses.replace(good, **step)

    lab = make_lab(learner=Bad)
    job = lab.run()
    assert (job.status, job.error.code) == ("failed", code)
    assert message in job.error.message
