from __future__ import annotations

from datetime import date

import openai
import pytest

from pitchpipe.models import model_table


def test_base_and_tuned_models_are_listed(lab):
    tuned = lab.run().fine_tuned_model
    models = {model.id: model for model in lab.client.models.list()}
    assert {"babbage-002", "davinci", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", tuned} <= set(models)
    assert models[tuned].owned_by == "offline"
    assert not [name for name in models if ":ckpt-" in name]
    assert lab.client.models.retrieve("ada").owned_by == "openai"
    assert lab.client.models.retrieve(tuned) == models[tuned]


def test_a_deleted_model_is_gone(lab):
    job = lab.run(hyperparameters={"n_epochs": 1})
    name = job.fine_tuned_model
    assert lab.client.models.delete(name).deleted
    for call in (lab.client.models.retrieve, lab.client.models.delete):
        with pytest.raises(openai.NotFoundError, match="does not exist") as caught:
            call(name)
        assert caught.value.code == "model_not_found"
    with pytest.raises(openai.NotFoundError):
        lab.client.completions.create(model=name, prompt="x")
    checkpoint = lab.client.fine_tuning.jobs.checkpoints.list(job.id).data[0]
    name = checkpoint.fine_tuned_model_checkpoint
    assert lab.client.completions.create(model=name, prompt="x").choices


def test_what_is_not_tuned_is_not_deleted(lab):
    with pytest.raises(openai.PermissionDeniedError, match="base model"):
        lab.client.models.delete("ada")
    job = lab.run()
    checkpoint = lab.client.fine_tuning.jobs.checkpoints.list(job.id).data[0]
    with pytest.raises(openai.BadRequestError, match="is a checkpoint"):
        lab.client.models.delete(checkpoint.fine_tuned_model_checkpoint)


def test_more_models_than_are_kept_loaded_answer(lab):
    names = [lab.run(hyperparameters={"n_epochs": 1}).fine_tuned_model for _ in range(10)]
    for name in names * 2:
        answer = lab.client.completions.create(model=name, prompt="x", temperature=0)
        assert answer.choices[0].text == "yes now"


def test_a_checkpoint_that_fell_out_cannot_be_trained_on(make_lab):
    lab = make_lab(pace="manual")
    job_id = lab.create(hyperparameters={"n_epochs": 5}).id
    for _ in range(3):
        lab.service.advance(job_id)
    checkpoint = lab.client.fine_tuning.jobs.checkpoints.list(job_id).data[0]
    waiting = lab.create(model=checkpoint.fine_tuned_model_checkpoint).id
    lab.finish(job_id)
    error = lab.finish(waiting).error
    assert (error.code, error.param) == ("model_not_found", "model")


# --- when they retire ---


def test_a_model_says_when_it_retires(lab, lines):
    models = {model.id: model for model in lab.client.models.list()}
    assert models["babbage-002"].shutdown_date == "2026-09-28"
    assert models["gpt-4o"].shutdown_date == models["gpt-4o-2024-08-06"].shutdown_date
    for name, model in models.items():
        assert lab.client.models.retrieve(name) == model
        day = date.fromisoformat(model.shutdown_date)
        assert day == model_table().facts(name).shut_down


def test_a_tuned_model_retires_with_its_base(lab, lines):
    job = lab.run(lines["chat"](), model="gpt-4o-mini")
    (checkpoint, *_) = lab.client.fine_tuning.jobs.checkpoints.list(job.id).data
    base = lab.client.models.retrieve("gpt-4o-mini-2024-07-18").shutdown_date
    for name in (job.fine_tuned_model, checkpoint.fine_tuned_model_checkpoint):
        assert lab.client.models.retrieve(name).shutdown_date == base == "2027-01-14"
    listed = {model.id: model for model in lab.client.models.list()}
    assert listed[job.fine_tuned_model].shutdown_date == base


def test_a_learner_s_own_model_never_retires(make_lab, learner):
    class Own(learner):
        @classmethod
        def bases(cls):
            return {"gpt-4o-mini": "completion", "tiny": "completion"}

    lab = make_lab(learner=Own)
    names = ["gpt-4o-mini", "tiny", lab.run(model="tiny").fine_tuned_model]
    for name in names:
        model = lab.client.models.retrieve(name)
        assert model.shutdown_date is None
        assert "shutdown_date" in model.to_dict(exclude_unset=True)
