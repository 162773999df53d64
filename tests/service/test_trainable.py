"""The refusal of a model that cannot be trained names those that can."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import openai
import pytest

from pitchpipe.stages import Learner

DPO = {"type": "dpo"}
GRADER = {
    "type": "string_check",
    "name": "g",
    "input": "{{sample.output_text}}",
    "reference": "a",
    "operation": "eq",
}
REINFORCEMENT = {"type": "reinforcement", "reinforcement": {"grader": GRADER}}
CHAT = {"gpt-4o-2024-08-06", "gpt-4.1-nano-2025-04-14", "gpt-3.5-turbo-0125"}
COMPLETION = {"babbage-002", "davinci-002", "ada", "curie"}


def refusal(lab, **options):
    with pytest.raises(openai.BadRequestError) as caught:
        lab.create(**options)
    _, _, names = caught.value.body["message"].partition("Models that can be trained by ")
    return caught.value, set(re.split("[:,] ", names))


@pytest.mark.parametrize("name", ["gpt-9", "", "ft:babbage-002:offline::gone", "x:ckpt-step-2"])
def test_a_model_that_does_not_exist(lab, name):
    error, names = refusal(lab, model=name)
    assert (error.param, error.code) == ("model", "model_not_available")
    assert f"Model {name} is not available for fine-tuning or does not exist." in str(error)
    assert names >= (CHAT | COMPLETION)
    assert "o4-mini-2025-04-16" not in names  # by reinforcement only


@pytest.mark.parametrize("name", ["babbage-002", "gpt-9"])
def test_the_method_decides_which_are_named(lab, name):
    error, names = refusal(lab, model=name, method=DPO)
    assert names >= CHAT
    assert not COMPLETION & names
    assert error.param == ("method.type" if name == "babbage-002" else "model")


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-4.1-mini-2025-04-14"])
def test_reinforcement_is_for_few(lab, name):
    error, names = refusal(lab, model=name, method=REINFORCEMENT)
    assert "o4-mini-2025-04-16" in names
    assert not (CHAT | COMPLETION) & names
    assert "it supports supervised, dpo" in str(error)


def test_tuned_models_and_checkpoints_go_by_their_base(lab):
    job = lab.run()
    (checkpoint, *_) = lab.client.fine_tuning.jobs.checkpoints.list(job.id).data
    for name in (job.fine_tuned_model, checkpoint.fine_tuned_model_checkpoint):
        error, names = refusal(lab, model=name, method=DPO)
        assert f"Model {name} does not support the method 'dpo'" in str(error)
        assert names >= CHAT
    lab.client.models.delete(job.fine_tuned_model)
    _, names = refusal(lab, model=job.fine_tuned_model)
    assert names >= COMPLETION


@pytest.mark.parametrize("name", ["gpt-4o-mini", "gpt-9"])
def test_the_api_of_2023_names_its_own(make_client, lines, name):
    client = make_client()
    asked = {"training_file": client.upload(lines["completion"]()), "model": name}
    error = client.call("POST", "fine-tunes", asked)["error"]
    assert (error["param"], error["code"]) == ("model", "model_not_available")
    assert "ada, babbage, curie, davinci, babbage-002, davinci-002" in error["message"]
    assert ", gpt-4o" not in error["message"]


def test_every_model_that_is_named_can_be_trained(make_lab, lines):
    lab = make_lab(pace="manual")
    for method, kind in ((None, "chat"), (DPO, "preference"), (REINFORCEMENT, "chat")):
        given: dict[str, Any] = {"method": method} if method else {}
        _, names = refusal(lab, model="none", **given)
        known = {model.id for model in lab.client.models.list()}
        for name in names & known:
            assert lab.create(lines[kind](), model=name, **given).status == "validating_files"


def test_a_learner_s_own_base_models_are_named(make_lab, learner: type[Learner]):
    class Own(learner):  # type: ignore[misc, valid-type]  # a class known at run time
        @classmethod
        def bases(cls) -> Mapping[str, Any]:
            return {"tiny": "completion", "tiny-chat": "chat"}

    lab = make_lab(learner=Own)
    assert {"tiny", "tiny-chat"} <= refusal(lab, model="none")[1]
    names = refusal(lab, model="tiny", method=DPO)[1]
    assert "tiny-chat" in names
    assert "tiny" not in names
