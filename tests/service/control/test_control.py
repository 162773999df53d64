"""Seed, pace and time, changed while the service runs."""

from __future__ import annotations

import pytest

from pitchpipe.service.engine.pace import LASTING
from pitchpipe.service.http import ApiError, Request

OPTIONS = {"hyperparameters": {"n_epochs": 2, "batch_size": 4}}


def status(lab, object_id):
    part = lab.client.batches if object_id.startswith("batch") else lab.client.fine_tuning.jobs
    return part.retrieve(object_id).status


def test_another_seed_makes_other_ids(make_lab):
    plain, seeded, changed = make_lab(), make_lab(seed=5), make_lab()
    changed.service.control.seed = 5
    assert changed.service.control.seed == 5
    ids = [lab.upload() for lab in (plain, seeded, changed)]
    assert ids[1] == ids[2] != ids[0]


def test_a_job_under_way_ends_well_whatever_the_seed_becomes(make_lab):
    stories = []
    for seeds in ([0] * 40, range(40)):
        lab = make_lab(pace="manual")
        job_id = lab.create(**OPTIONS).id
        for seed in seeds:
            lab.service.control.seed = seed
            lab.service.control.advance(job_id)
        stories.append(lab.events(job_id))
    assert [event.to_dict() for event in stories[0]] == [event.to_dict() for event in stories[1]]
    assert stories[0][-1].message == "The job has successfully completed"


def test_a_new_seed_lasts_and_reaches_every_process(make_lab, tmp_path):
    first, second = make_lab(data_dir=tmp_path), make_lab(data_dir=tmp_path)
    first.service.control.seed = 5
    assert second.upload() == make_lab(seed=5).upload()
    first.close()
    assert make_lab(data_dir=tmp_path).service.control.seed == 5


def test_one_object_or_all_are_moved_by_steps(lab, control):
    job_id, batch_id = lab.create().id, lab.batch()
    assert control.advance(job_id) == {job_id: "queued"}
    assert control.advance() == {job_id: "running", batch_id: "in_progress"}
    assert control.advance(batch_id, steps=2) == {batch_id: "completed"}
    assert control.advance(steps=100) == {job_id: "succeeded"}
    assert control.advance() == {}


def test_what_is_paused_stays_where_it_is(lab, control):
    job_id = lab.create().id
    control.advance(job_id)
    lab.client.fine_tuning.jobs.pause(job_id)
    assert control.advance() == {}
    assert control.advance(job_id) == {job_id: "paused"}


def test_seconds_move_the_clock_and_what_is_due(lab, control, clock):
    control.transitions("timed", {"job.running": 100})
    job_id = lab.create().id
    begun = clock()
    first, second = (LASTING[f"job.{state}"] for state in ("validating_files", "queued"))
    assert control.advance(seconds=first) == {job_id: "queued"}
    assert control.advance(seconds=second) == {job_id: "running"}
    assert control.advance(job_id, seconds=99) == {job_id: "running"}
    assert control.advance(seconds=1) == {job_id: "succeeded"}
    assert clock() - begun == first + second + 100


def test_seconds_alone_move_nothing_where_time_does_not(lab, control, clock):
    job_id = lab.create().id
    begun = clock()
    assert control.advance(seconds=10**6) == {job_id: "validating_files"}
    assert clock() - begun == 10**6


@pytest.mark.parametrize("options", [{}, {"seconds": 1}])
def test_what_is_not_there_is_not_moved(control, clock, options):
    begun = clock()
    for object_id in ("ftjob-none", "batch_none", "file-none"):
        with pytest.raises(ApiError, match=f"has the id '{object_id}'"):
            control.advance(object_id, **options)
    with pytest.raises(ApiError, match="forward only"):
        control.advance(seconds=-1)
    assert clock() == begun


def test_the_pace_is_changed_for_one_kind_or_both(lab, control):
    job_id, batch_id = lab.create().id, lab.batch()
    control.transitions("polled", of="batch")
    assert status(lab, batch_id) == "in_progress"
    assert status(lab, job_id) == "validating_files"
    control.transitions("polled")
    assert status(lab, job_id) == "queued"
    control.transitions("manual")
    assert status(lab, job_id) == "queued"


def test_at_once_means_what_is_under_way_as_well(lab, control):
    job_id, batch_id = lab.create().id, lab.batch()
    control.transitions("immediate")
    assert status(lab, job_id) == "succeeded"
    assert status(lab, batch_id) == "completed"
    assert lab.create().status == "succeeded"


def test_a_state_that_is_none_cannot_last(control):
    with pytest.raises(ApiError, match=r"'job\.runing'.*'job\.running'"):
        control.transitions("timed", {"job.runing": 1})


def test_a_look_is_quick_only_while_it_moves_nothing(lab, control):
    for path in ("fine_tuning/jobs/x", "batches/x"):
        request = Request.of("GET", f"/v1/{path}")
        route, _ = lab.service.find(request)
        assert route.is_quick()
        control.transitions("polled")
        assert not route.is_quick()
        control.transitions("manual")
