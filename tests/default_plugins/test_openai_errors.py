import email.utils
import importlib
import time

import openai
import pytest

from pitchpipe.default_plugins.openai_errors import (
    LONGEST_BACKOFF,
    explain,
    retry_wait,
    retrying,
)

# the HTTP library of the installed openai: httpx up to 2.x, httpx2 from 3.x
httpx = importlib.import_module("httpx" if openai.__version__.startswith("2.") else "httpx2")
REQUEST = httpx.Request("POST", "https://x.invalid/v1/completions")
KINDS = {401: openai.AuthenticationError, 404: openai.NotFoundError, 429: openai.RateLimitError}


def status_error(status, headers=None, **body):
    response = httpx.Response(status, headers=headers or {}, request=REQUEST)
    kind = KINDS.get(status, openai.APIStatusError)
    return kind("Error code: ...", response=response, body=body or None)


def lost():
    error = openai.APIConnectionError(request=REQUEST)
    error.__cause__ = OSError("Name or service not known")
    return error


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_passing_failures_are_tried_again_after_growing_waits(status):
    error = status_error(status)
    assert 0.75 <= retry_wait(error, 0, 1.0) <= 1.0
    assert 3.0 <= retry_wait(error, 2, 1.0) <= 4.0
    assert retry_wait(error, 10_000, 1.0) <= LONGEST_BACKOFF
    assert retry_wait(error, 3, 0.0) == 0.0


@pytest.mark.parametrize(
    "error",
    [
        status_error(400), status_error(401), status_error(404), status_error(422),
        status_error(429, code="insufficient_quota"), status_error(507),
        status_error(429, {"retry-after": "3600"}),
        openai.OpenAIError("odd"),
    ],
)  # fmt: skip
def test_lasting_failures_are_not(error):
    assert retry_wait(error, 0, 1.0) is None


@pytest.mark.parametrize("error", [lost(), openai.APITimeoutError(REQUEST)])
def test_lost_connections_are_tried_again(error):
    assert retry_wait(error, 0, 1.0) > 0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "2500", "retry-after": "9"}, 2.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-4"}, 0.0),
        ({"retry-after": "nan"}, 0.0),
        ({"retry-after": "soon"}, 0.0),
        ({"retry-after": "Mon, 01 Jan 2001 00:00:00 GMT"}, 0.0),
    ],
)
def test_the_wait_that_the_service_asks_for_is_kept(headers, seconds):
    assert retry_wait(status_error(429, headers), 0, 0.0) == seconds


def test_a_date_to_come_back_at_is_understood():
    date = email.utils.formatdate(time.time() + 60, usegmt=True)
    assert 30 < retry_wait(status_error(503, {"retry-after": date}), 0, 0.0) <= 61


def failing(*errors):
    left = list(errors)

    def action():
        if left:
            raise left.pop(0)
        return "done"

    return action


def test_an_action_is_tried_until_it_works():
    waits = []
    assert retrying(failing(lost(), status_error(500)), 2, 1.0, waits.append) == "done"
    assert len(waits) == 2
    assert waits[0] < waits[1]


def test_the_last_failure_is_raised_when_the_tries_are_used_up():
    with pytest.raises(openai.APIStatusError):
        retrying(failing(lost(), status_error(500)), 1, 0.0)


def test_a_lasting_failure_is_raised_at_once():
    with pytest.raises(openai.AuthenticationError):
        retrying(failing(status_error(401)), 5, 0.0)


def said(error):
    return explain(error, "https://x.invalid/v1", "OPENAI_API_KEY", 30.0)


def test_a_wrong_key_is_said_without_quoting_any_of_it():
    message = said(status_error(401, message="Incorrect API key provided: abcd1234."))
    assert "abcd" not in message
    assert "https://x.invalid/v1" in message
    assert "OPENAI_API_KEY" in message
    assert "--trainer fake" in message


def test_an_unreachable_service_is_named_with_the_cause():
    message = said(lost())
    assert "https://x.invalid/v1" in message
    assert "Name or service not known" in message


def test_a_refusal_gives_the_services_words_and_parameter():
    message = said(status_error(400, message="n_epochs is too big", param="n_epochs", code="x"))
    assert "n_epochs is too big (parameter n_epochs)" in message
    assert "400" in message


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (status_error(404, message="The model m does not exist"), "does not exist"),
        (status_error(429, message="You are out.", code="insufficient_quota"), "billing"),
        (status_error(429, message="Slow down."), "too many requests (429)"),
        (status_error(503, message="Overloaded."), "the service failed (503): Overloaded."),
        (status_error(502), "Error code: ..."),
        (openai.APITimeoutError(REQUEST), "no answer within 30 s"),
        (openai.OpenAIError("odd sk-abcdef"), "odd [redacted]"),
    ],
)
def test_other_failures_say_what_happened(error, words):
    assert words in said(error)
