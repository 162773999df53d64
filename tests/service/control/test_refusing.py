"""Errors and limits, as the openai client meets them."""

from __future__ import annotations

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.service.control.refusing import RateQuota, Status, TokenQuota
from pitchpipe.service.control.window import Window, shown


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (409, openai.ConflictError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
def test_a_status_is_raised_as_its_error(control, complete, status, error):
    control.faults.add(Status(status=status, message="No.", code="because"))
    with pytest.raises(error, match=r"No\.") as caught:
        complete()
    assert caught.value.code == "because"
    assert caught.value.type == ("server_error" if status >= 500 else "invalid_request_error")
    assert complete().choices


def test_nothing_is_done_for_a_request_that_is_refused(lab, control):
    control.faults.add(Status(status=500, path="/files", method="POST"))
    with pytest.raises(openai.InternalServerError):
        lab.upload()
    assert not lab.client.files.list().data


@pytest.mark.parametrize(
    ("told", "waited"),
    [({"retry_after": 7}, 7), ({"retry_after_ms": 1500}, 1.5), ({"retry_after": 90.25}, 90.25)],
)
def test_the_client_waits_as_long_as_it_is_told(control, complete, clock, told, waited):
    control.faults.add(Status(status=429, **told))
    begun = clock()
    assert complete(retries=1).choices
    assert clock() - begun == pytest.approx(waited)
    assert [record.retry for record in control.requests] == [0, 1]


def test_a_rate_quota_refuses_what_is_too_much_and_says_when_to_come_again(
    lab, control, complete, clock
):
    control.faults.add(RateQuota(requests=3, seconds=60))
    raw = lab.client.completions.with_raw_response
    left = []
    for _ in range(3):
        answer = raw.create(model="babbage-002", prompt="x")
        left.append(answer.headers["x-ratelimit-remaining-requests"])
        clock.advance(10)
    assert left == ["2", "1", "0"]
    assert answer.headers["x-ratelimit-limit-requests"] == "3"
    assert answer.headers["x-ratelimit-reset-requests"] == "1m0s"
    with pytest.raises(openai.RateLimitError, match="try again in 30s") as caught:
        complete()
    error = caught.value
    assert (error.type, error.code) == ("requests", "rate_limit_exceeded")
    assert error.response.headers["retry-after"] == "30"
    assert error.response.headers["retry-after-ms"] == "30000"
    assert error.response.headers["x-ratelimit-remaining-requests"] == "0"
    begun = clock()
    assert complete(retries=1).choices
    assert clock() - begun == 30


def test_a_token_quota_counts_what_answers_cost(control, complete, clock):
    control.faults.add(TokenQuota(tokens=10, seconds=60))
    while True:
        before = [record.tokens for record in control.requests]
        assert sum(before) < 10 + max(before, default=0)
        try:
            usage = complete(prompt="one two three").usage
        except openai.RateLimitError as caught:
            error = caught
            break
        assert usage.total_tokens == [record.tokens for record in control.requests][-1] > 0
    assert sum(before) >= 10
    assert (error.type, error.code) == ("tokens", "rate_limit_exceeded")
    assert error.response.headers["x-ratelimit-remaining-tokens"] == "0"
    clock.advance(float(error.response.headers["retry-after"]))
    assert complete().choices


def test_a_stream_costs_what_the_same_answer_costs_whole(control, complete):
    complete(stream=True).close()
    complete()
    streamed, whole = control.requests
    assert streamed.tokens == whole.tokens > 0


def test_a_spent_quota_is_told_apart_from_a_rate(control, complete, clock):
    control.faults.add(TokenQuota(tokens=1, seconds=None))
    assert complete().choices
    clock.advance(1e9)
    with pytest.raises(openai.RateLimitError) as caught:
        complete()
    assert (caught.value.type, caught.value.code) == ("insufficient_quota",) * 2
    assert "retry-after" not in caught.value.response.headers


def test_what_costs_no_tokens_is_refused_too_when_none_are_left(lab, control):
    control.faults.add(TokenQuota(tokens=0))
    with pytest.raises(openai.RateLimitError) as caught:
        lab.client.models.list()
    assert caught.value.response.headers["retry-after"] == "60"


@given(
    limit=st.integers(1, 5),
    seconds=st.floats(1, 100),
    pauses=st.lists(st.floats(0, 50), max_size=40),
)
def test_no_stretch_of_time_has_more_than_the_limit(limit, seconds, pauses):
    window, now, admitted = Window(limit, seconds), 1_700_000_000.0, []
    for pause in pauses:
        now += pause
        wait = window.admit(now, 1)
        if wait:
            assert sum(since > now - seconds + 0.002 for since in admitted) <= limit
            assert sum(since > now - seconds for since in admitted) >= limit
            now += wait
            assert window.admit(now, 1) == 0
        admitted.append(now)
        recent = [since for since in admitted if since > now - seconds + 0.002]
        assert len(recent) <= limit


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0ms"), (0.0195, "20ms"), (1, "1s"), (59.2, "1m0s"), (360, "6m0s"), (7322, "2h2m2s")],
)
def test_times_are_written_as_the_api_writes_them(seconds, text):
    assert shown(seconds) == text
