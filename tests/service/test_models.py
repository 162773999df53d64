from __future__ import annotations

import openai
import pytest


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
