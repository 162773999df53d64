import math

import pytest

from pitchpipe.calls import Call
from pitchpipe.default_plugins.predictors.answers import to_prediction, without_logprobs
from pitchpipe.errors import ServiceError
from pitchpipe.records import Request

COMPLETION = Request("completions", {})
CHAT = Request("chat.completions", {})


def test_a_completion_with_probabilities():
    choice = {
        "text": " pos",
        "finish_reason": "stop",
        "logprobs": {"top_logprobs": [{" neg": -2.0, " pos": -0.1}, None]},
    }
    got = to_prediction(COMPLETION, {"choices": [choice]})
    assert (got.text, got.finish_reason) == (" pos", "stop")
    assert got.alternatives == ((" pos", -0.1), (" neg", -2.0))
    assert got.probability(" neg") == pytest.approx(math.exp(-2))


@pytest.mark.parametrize("logprobs", [None, {}, {"top_logprobs": []}, {"top_logprobs": [None]}])
def test_a_completion_without_probabilities(logprobs):
    choice = {"text": "x", "finish_reason": "length", "logprobs": logprobs}
    assert to_prediction(COMPLETION, {"choices": [choice]}).alternatives == ()


def test_a_chat_answer_with_probabilities():
    tops = [{"token": "b", "logprob": -3.0, "bytes": []}, {"token": "a", "logprob": -0.5}]
    choice = {
        "message": {"role": "assistant", "content": "a"},
        "finish_reason": "stop",
        "logprobs": {"content": [{"token": "a", "logprob": -0.5, "top_logprobs": tops}]},
    }
    got = to_prediction(CHAT, {"choices": [choice]})
    assert got.text == "a"
    assert got.alternatives == (("a", -0.5), ("b", -3.0))


@pytest.mark.parametrize("logprobs", [None, {"content": None}, {"content": []}])
def test_a_chat_answer_of_no_words(logprobs):
    choice = {"message": {"content": None}, "finish_reason": "tool_calls", "logprobs": logprobs}
    got = to_prediction(CHAT, {"choices": [choice]})
    assert (got.text, got.alternatives) == ("", ())


@pytest.mark.parametrize("body", [{}, {"choices": []}, "<html>", None, {"choices": [{}]}, [1]])
@pytest.mark.parametrize("request_", [COMPLETION, CHAT])
def test_what_is_no_answer_is_shown(request_, body):
    with pytest.raises(ServiceError, match="at least one choice; found"):
        to_prediction(request_, body)


def test_only_the_probability_fields_are_left_out():
    body = {"prompt": "p", "logprobs": 5, "top_logprobs": 5, "stop": ["x"]}
    assert without_logprobs(body) == {"prompt": "p", "stop": ["x"]}


@pytest.mark.parametrize("content", [None, "", "I look."])
@pytest.mark.parametrize(
    "called",
    [
        {
            "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
            ]
        },
        {"tool_calls": None, "function_call": {"name": "f", "arguments": " { } "}},
    ],
)
def test_calls_are_read_in_either_form(called, content):
    message = {"role": "assistant", "content": content, "refusal": None, **called}
    choice = {"message": message, "finish_reason": next(iter(called)), "logprobs": None}
    got = to_prediction(CHAT, {"choices": [choice]})
    assert (got.text, got.calls) == (content or "", (Call("f", "{}"),))


def test_a_refusal_is_what_the_model_says():
    message = {"role": "assistant", "content": None, "refusal": "I cannot."}
    got = to_prediction(CHAT, {"choices": [{"message": message, "finish_reason": "stop"}]})
    assert (got.text, got.calls) == ("I cannot.", ())
