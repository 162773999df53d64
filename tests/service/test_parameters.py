"""Parameters that the API refuses, and parameters that have no effect."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.service.http import Request

CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x"}]}
COMPLETION = {"model": "ada", "prompt": "x"}


def ask(lab: Any, path: str, body: Any) -> tuple[int, Any]:
    content = json.dumps(body).encode()
    response = lab.service.handle(Request("POST", f"/v1/{path}", body=content))
    told = b"".join(response.body) if not isinstance(response.body, bytes) else response.body
    return response.status, told if told.startswith(b"data:") else json.loads(told)


COMBINED = "invalid_parameter_combination"
HIGH, LOW = "decimal_above_max_value", "decimal_below_min_value"


@pytest.mark.parametrize(
    ("change", "param", "code", "words"),
    [
        ({"max_tokens": 5, "max_completion_tokens": 5}, "max_tokens", COMBINED, "same time"),
        ({"metadata": {"a": "b"}}, "metadata", None, "only allowed when 'store'"),
        ({"metadata": {}, "store": False}, "metadata", None, "only allowed when 'store'"),
        ({"logit_bias": {"50": 100.5}}, "logit_bias", HIGH, "from -100 to 100"),
        ({"logit_bias": {"50": -101}}, "logit_bias", LOW, "from -100 to 100"),
        ({"logit_bias": {"word": 1}}, "logit_bias", None, "Invalid key in 'logit_bias': word"),
        ({"logit_bias": {"-1": 1}}, "logit_bias", None, "non-negative integers"),
        ({"logit_bias": {"": 1}}, "logit_bias", None, "non-negative integers"),
        ({"logit_bias": {"\u0663": 1}}, "logit_bias", None, "non-negative integers"),
        ({"seed": 2**63}, "seed", "integer_above_max_value", "seed"),
        ({"seed": -(2**63) - 1}, "seed", "invalid_type", "seed"),
        ({"seed": 2**64 - 1}, "seed", "integer_above_max_value", "seed"),
        ({"service_tier": "cheap"}, "service_tier", "invalid_value", "flex"),
        ({"modalities": ["text", "smell"]}, "modalities[1]", "invalid_value", "audio"),
        ({"verbosity": "x"}, "verbosity", "invalid_value", "medium"),
        ({"reasoning_effort": "x"}, "reasoning_effort", "invalid_value", "minimal"),
        ({"prompt_cache_retention": "1h"}, "prompt_cache_retention", "invalid_value", "24h"),
        (
            {"safety_identifier": "x" * 65},
            "safety_identifier",
            "string_above_max_length",
            "64",
        ),
        ({"top_logprobs": 21, "logprobs": True}, "top_logprobs", "integer_above_max_value", "20"),
        ({"top_p": 1.1}, "top_p", HIGH, "top_p"),
        ({"n": 129}, "n", "integer_above_max_value", "128"),
        ({"frequency_penalty": -2.1}, "frequency_penalty", LOW, "-2"),
    ],
)
def test_chat_completions_refuse(lab, change, param, code, words):
    status, told = ask(lab, "chat/completions", CHAT | change)
    assert (status, told["error"]["param"], told["error"]["code"]) == (400, param, code)
    assert words in told["error"]["message"]


@pytest.mark.parametrize(
    ("change", "param", "code", "words"),
    [
        ({"best_of": 3, "stream": True}, "best_of", COMBINED, "cannot be streamed"),
        ({"best_of": 3, "n": 2, "stream": True}, "best_of", COMBINED, "above 'n' (2)"),
        ({"best_of": 21}, "best_of", "integer_above_max_value", "20"),
        ({"prompt": []}, "prompt", "empty_array", "minimum length 1"),
        ({"logit_bias": {"50": 1e9}}, "logit_bias", HIGH, "from -100 to 100"),
        ({"seed": 2**63}, "seed", "integer_above_max_value", "seed"),
    ],
)
def test_completions_refuse(lab, change, param, code, words):
    status, told = ask(lab, "completions", COMPLETION | change)
    assert (status, told["error"]["param"], told["error"]["code"]) == (400, param, code)
    assert words in told["error"]["message"]


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("completions", {"best_of": 2, "n": 2, "stream": True}),
        ("completions", {"logit_bias": {"50256": -100, "0": 100}}),
        ("chat/completions", {"logit_bias": {"50256": -100}, "logprobs": True, "top_logprobs": 0}),
        ("chat/completions", {"max_tokens": None, "max_completion_tokens": 5}),
        ("chat/completions", {"metadata": None, "store": False}),
        ("chat/completions", {"metadata": {"a": "b"}, "store": True}),
        ("chat/completions", {"prompt_cache_retention": "in_memory", "service_tier": "flex"}),
    ],
)
def test_what_goes_together_is_answered(lab, path, change):
    body = COMPLETION if path == "completions" else CHAT
    assert ask(lab, path, body | change)[0] == 200


@given(
    st.dictionaries(
        st.text(max_size=5) | st.integers(0, 10**6).map(str),
        st.floats(-200, 200) | st.integers(-200, 200),
        max_size=3,
    )
)
def test_biases(shared, bias):
    good = all(
        key.isascii() and key.isdigit() and -100 <= value <= 100 for key, value in bias.items()
    )
    for path, body in (("completions", COMPLETION), ("chat/completions", CHAT)):
        assert (ask(shared, path, body | {"logit_bias": bias})[0] == 200) == good


@pytest.fixture(scope="module")
def shared():
    from pitchpipe.service.service import Service

    class Shared:
        service = Service()

    yield Shared
    Shared.service.close()


NOTHING: dict[str, dict[str, Any]] = {
    "chat/completions": {
        "audio": {"voice": "alloy", "format": "mp3"},
        "modalities": ["text"],
        "moderation": {},
        "prediction": {"type": "content", "content": "no"},
        "reasoning_effort": "high",
        "verbosity": "low",
        "web_search_options": {},
        "prompt_cache_key": "k",
        "prompt_cache_options": {},
        "prompt_cache_retention": "24h",
        "service_tier": "flex",
        "safety_identifier": "s",
        "user": "u",
        "parallel_tool_calls": False,
        "response_format": {"type": "json_object"},
        "frequency_penalty": 2,
        "presence_penalty": 2,
        "logit_bias": {"1": 100},
        "tool_choice": "required",
    },
    "completions": {
        "suffix": "no",
        "user": "u",
        "frequency_penalty": 2,
        "presence_penalty": 2,
        "logit_bias": {"1": 100},
    },
}


@pytest.mark.parametrize(
    ("path", "name"), [(path, name) for path, names in NOTHING.items() for name in names]
)
def test_what_the_page_says_has_no_effect_has_none(make_lab, lines, path, name):
    lab = make_lab(learner=None, pace="immediate")
    chat = path.startswith("chat")
    model = lab.create(
        lines["chat" if chat else "completion"](), model="gpt-4o" if chat else "ada"
    ).fine_tuned_model
    body = (CHAT if chat else COMPLETION) | {"model": model, "temperature": 0}
    told = [ask(lab, path, each) for each in (body, body | {name: NOTHING[path][name]})]
    assert [status for status, _ in told] == [200, 200]
    assert told[0][1]["choices"] == told[1][1]["choices"]


# --- jobs, files ---


@pytest.mark.parametrize(
    ("kind", "other"),
    [("supervised", "dpo"), ("dpo", "supervised"), ("supervised", "reinforcement")],
)
def test_a_method_has_what_its_type_says_alone(lab, kind, other):
    method: Any = {"type": kind, other: {"grader": {}} if other == "reinforcement" else {}}
    with pytest.raises(openai.BadRequestError) as caught:
        lab.create(model="gpt-4o", method=method)
    assert caught.value.param == f"method.{other}"
    assert caught.value.code == COMBINED


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"hyperparameters": {"n_epochs": 0}}, "hyperparameters.n_epochs"),
        ({"hyperparameters": {"n_epochs": 51}}, "hyperparameters.n_epochs"),
        ({"hyperparameters": {"batch_size": 0}}, "hyperparameters.batch_size"),
        ({"hyperparameters": {"batch_size": 257}}, "hyperparameters.batch_size"),
        ({"hyperparameters": {"learning_rate_multiplier": 0}}, None),
        ({"seed": -1}, "seed"),
        ({"seed": 2**31}, "seed"),
        ({"suffix": "x" * 65}, "suffix"),
        ({"suffix": ""}, "suffix"),
        ({"metadata": {str(n): "x" for n in range(17)}}, "metadata"),
        ({"metadata": {"x" * 65: "x"}}, None),
        ({"metadata": {"x": "x" * 513}}, "metadata.x"),
        ({"metadata": {"x": 1}}, "metadata.x"),
    ],
)
def test_jobs_refuse_what_is_out_of_range(lab, change, param):
    with pytest.raises(openai.BadRequestError) as caught:
        lab.create(**change)
    if param:
        assert caught.value.param == param


def test_a_job_takes_what_is_just_in_range(lab):
    values = {"n_epochs": 50, "batch_size": 256, "learning_rate_multiplier": 1e-9}
    metadata = {f"{n:064}": "x" * 512 for n in range(16)}
    job = lab.create(hyperparameters=values, seed=2**31 - 1, suffix="x" * 64, metadata=metadata)
    assert (job.metadata, job.seed) == (metadata, 2**31 - 1)


def test_a_field_of_a_form_that_nobody_knows_is_refused(lab):
    with pytest.raises(openai.BadRequestError, match="Unknown parameter: 'note'") as caught:
        lab.client.files.create(
            file=("a.jsonl", b"{}"), purpose="fine-tune", extra_body={"note": "keep"}
        )
    assert (caught.value.param, caught.value.code) == ("note", "unknown_parameter")
