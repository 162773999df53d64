from __future__ import annotations

import json

import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradings import ALIKE, BOTH, CHECK, SHAPES
from pitchpipe.service.engine.clock import ManualClock
from pitchpipe.service.http import Request, dumps


@pytest.fixture
def graders(lab):
    return lab.client.fine_tuning.alpha.graders


def refused(lab, grader, route="validate", **more):
    path = f"/v1/fine_tuning/alpha/graders/{route}"
    response = lab.service.handle(Request("POST", path, body=dumps({"grader": grader} | more)))
    error = json.loads(response.body)["error"]
    assert (response.status, error["type"]) == (400, "invalid_request_error")
    return error["param"], error["code"], error["message"]


@pytest.mark.parametrize("grader", [*SHAPES, ALIKE | {"pass_threshold": 0.5}])
def test_a_good_grader_comes_back(graders, grader):
    # the client knows one grader in a multi grader, and warns of more
    assert graders.validate(grader=grader).to_dict(warnings=False)["grader"] == grader


def test_a_run_tells_the_reward(graders):
    found = graders.run(grader=CHECK, item={"label": "pos"}, model_sample="pos")
    assert found.reward == 1.0
    assert (found.metadata.name, found.metadata.type) == ("label", "string_check")
    assert found.metadata.execution_time >= 0
    assert found.metadata.token_usage is None
    assert found.metadata.sampled_model_name is None
    assert (found.metadata.scores, found.sub_rewards) == ({}, {})
    assert found.api_model_grader_token_usage_per_model == {}
    assert not any(found.metadata.errors.to_dict().values())


def test_a_multi_grader_tells_its_parts(graders):
    found = graders.run(grader=BOTH, item={"label": "abcd"}, model_sample="abcx")
    assert found.reward == 0.375
    assert found.sub_rewards == found.metadata.scores == {"label": 0.0, "alike": 0.75}


def test_the_time_it_took_is_that_of_the_clock(make_lab):
    lab = make_lab(clock=ManualClock())
    found = lab.client.fine_tuning.alpha.graders.run(
        grader=BOTH, item={"label": ""}, model_sample=""
    )
    assert found.metadata.execution_time == 0


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"reference": "{{ item.none }}"}, "invalid_variable_error"),
        ({"input": "{{ sample.output_json.x }}"}, "sample_parse_error"),
        ({"input": "{{ sample.output_tools[0].id }}"}, "invalid_variable_error"),
    ],
)
def test_what_cannot_be_graded_is_worth_nothing_and_flagged(graders, change, flag):
    found = graders.run(grader=CHECK | change, item={"label": "a"}, model_sample="a")
    assert found.reward == 0
    errors = found.metadata.errors.to_dict()
    assert [name for name, value in errors.items() if value] == [flag]


def test_older_clients_send_a_reference_answer(lab, graders):
    grader = CHECK | {"reference": "{{ item.reference_answer }}"}
    for reference in ("a", 2.5, {"b": [1]}, [1, "c"]):
        said = reference if isinstance(reference, str) else json.dumps(reference)
        found = graders.run(
            grader=grader, model_sample=said, extra_body={"reference_answer": reference}
        )
        assert found.reward == 1


@pytest.mark.parametrize(
    ("grader", "param", "code", "message"),
    [
        ([], "grader", "invalid_type", "expected an object"),
        ({}, "grader.type", "missing_required_parameter", "grader.type"),
        ({"type": "magic"}, "grader.type", "invalid_value", "'string_check', 'text_similarity'"),
        ({"type": [1]}, "grader.type", "invalid_value", "Supported values"),
        ({"type": "python"}, "grader.type", "unsupported_value", "run a client's code"),
        ({"type": "score_model"}, "grader.type", "unsupported_value", "no language model"),
        ({"type": "label_model"}, "grader.type", "unsupported_value", "no language model"),
        (CHECK | {"operation": "neq"}, "grader.operation", "invalid_value", "'eq', 'ne'"),
        (CHECK | {"name": 5}, "grader.name", "invalid_type", "expected a string"),
        (CHECK | {"source": ""}, "grader.source", "unknown_parameter", "grader.source"),
        ({"type": "string_check"}, "grader.name", "missing_required_parameter", "grader.name"),
        (CHECK | {"input": "{{ x }}"}, "grader.input", "invalid_value", "namespace 'x'"),
        (
            ALIKE | {"evaluation_metric": "cosine"},
            "grader.evaluation_metric",
            "unsupported_value",
            "for evals only",
        ),
        (
            ALIKE | {"evaluation_metric": "rouge_6"},
            "grader.evaluation_metric",
            "invalid_value",
            "rouge_5",
        ),
        (BOTH | {"graders": {}}, "grader.graders", "invalid_value", "at least one"),
        (
            BOTH | {"graders": [CHECK, CHECK]},
            "grader.graders[1].name",
            "invalid_value",
            "two graders are called 'label'",
        ),
        (
            BOTH | {"graders": {"a": CHECK, "b": {"type": "python"}}},
            "grader.graders.b.type",
            "unsupported_value",
            "run a client's code",
        ),
        (
            BOTH | {"graders": {"a": BOTH}},
            "grader.graders.a.type",
            "invalid_value",
            "cannot be inside another",
        ),
        (
            BOTH | {"graders": [CHECK | {"reference": "{{ item }}"}]},
            "grader.graders[0].reference",
            "invalid_value",
            "a variable is missing",
        ),
        (
            BOTH | {"graders": CHECK | {"operation": "is"}},
            "grader.graders.operation",
            "invalid_value",
            "'like'",
        ),
        (BOTH | {"graders": "x"}, "grader.graders", "invalid_type", "grader.graders"),
        (BOTH | {"graders": {"a": 5}}, "grader.graders.a", "invalid_type", "expected an object"),
        (
            BOTH | {"calculate_output": "label + other"},
            "grader.calculate_output",
            "invalid_value",
            "no grader is called 'other'; there are label, alike",
        ),
        (
            BOTH | {"calculate_output": "().__class__"},
            "grader.calculate_output",
            "invalid_value",
            "not allowed",
        ),
    ],
)
def test_a_bad_grader_is_refused_and_its_field_named(lab, grader, param, code, message):
    for route, more in (("validate", {}), ("run", {"model_sample": ""})):
        found_param, found_code, text = refused(lab, grader, route, **more)
        assert (found_param, found_code) == (param, code)
        assert message in text


def test_a_run_needs_a_sample(lab):
    assert refused(lab, CHECK, "run")[:2] == ("model_sample", "missing_required_parameter")
    assert refused(lab, CHECK, "run", model_sample=5)[:2] == ("model_sample", "invalid_type")


def test_the_client_raises_what_the_service_refuses(graders):
    with pytest.raises(openai.BadRequestError, match="python") as caught:
        graders.validate(grader={"type": "python", "name": "p", "source": "def grade(): ..."})
    assert caught.value.param == "grader.type"


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from([*CHECK, *ALIKE, *BOTH, "label"]),
            inner | st.sampled_from([*CHECK.values(), "multi", "python", CHECK, ALIKE]),
            max_size=5,
        )
    ),
    max_leaves=6,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(change=JSONS)
def test_no_grader_brings_the_service_down(lab, change):
    grader = BOTH | change if isinstance(change, dict) else change
    body = dumps({"grader": grader, "model_sample": "x", "item": {"label": "y"}})
    path = "/v1/fine_tuning/alpha/graders/run"
    assert lab.service.handle(Request("POST", path, body=body)).status in (200, 400)
