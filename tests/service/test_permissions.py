from __future__ import annotations

import openai
import pytest


@pytest.fixture
def checkpoint(lab):
    job = lab.run()
    return lab.client.fine_tuning.jobs.checkpoints.list(job.id).data[0].fine_tuned_model_checkpoint


def test_permissions_are_given_listed_and_taken_back(lab, checkpoint):
    permissions = lab.client.fine_tuning.checkpoints.permissions
    given = permissions.create(checkpoint, project_ids=["proj_a", "proj_b"])
    assert [one.project_id for one in given] == ["proj_a", "proj_b"]
    again = permissions.create(checkpoint, project_ids=["proj_b", "proj_c", "proj_c"])
    assert [one.project_id for one in again] == ["proj_b", "proj_c"]
    assert again.data[0].id == given.data[1].id
    listed = list(permissions.list(checkpoint, limit=2))
    assert [one.project_id for one in listed] == ["proj_c", "proj_b", "proj_a"]
    rising = permissions.list(checkpoint, order="ascending").data
    assert [one.project_id for one in rising] == ["proj_a", "proj_b", "proj_c"]
    (only,) = permissions.list(checkpoint, project_id="proj_b").data
    gone = permissions.delete(only.id, fine_tuned_model_checkpoint=checkpoint)
    assert (gone.deleted, gone.object) == (True, "checkpoint.permission")
    with pytest.raises(openai.NotFoundError, match=f"has the id '{only.id}'"):
        permissions.delete(only.id, fine_tuned_model_checkpoint=checkpoint)
    assert len(list(permissions.list(checkpoint))) == 2


def test_each_checkpoint_has_its_own(lab, checkpoint):
    permissions = lab.client.fine_tuning.checkpoints.permissions
    other = lab.run().fine_tuned_model
    (one,) = permissions.create(checkpoint, project_ids=["proj_a"]).data
    assert list(permissions.list(other)) == []
    with pytest.raises(openai.NotFoundError):
        permissions.delete(one.id, fine_tuned_model_checkpoint=other)


@pytest.mark.parametrize("name", ["ada", "ft:none"])
def test_base_models_and_unknown_ones_have_none(lab, name):
    with pytest.raises(openai.NotFoundError, match="No fine-tuned model or checkpoint"):
        lab.client.fine_tuning.checkpoints.permissions.list(name)


@pytest.mark.parametrize("projects", [[], [""], [1], "proj_a"])
def test_project_ids_are_checked(lab, checkpoint, projects):
    with pytest.raises(openai.BadRequestError, match="project_ids"):
        lab.client.fine_tuning.checkpoints.permissions.create(checkpoint, project_ids=projects)


def test_an_order_is_one_of_two(lab, checkpoint):
    with pytest.raises(openai.BadRequestError, match="'ascending' and 'descending'"):
        lab.client.fine_tuning.checkpoints.permissions.list(checkpoint, order="asc")
