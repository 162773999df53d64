"""What is found of clients that behave badly, and not of those that behave well."""

from __future__ import annotations

import itertools

import openai
import pytest

from pitchpipe.service.control.conduct import findings
from pitchpipe.service.control.delivery import CutOff, Dropped, Truncated
from pitchpipe.service.control.refusing import RateQuota, Status
from pitchpipe.service.control.requestlog import RequestLog
from pitchpipe.service.engine.numbers import Numbers
from pitchpipe.service.http import Request, Response


def rules(control):
    return [finding.rule for finding in control.conduct()]


def test_the_openai_client_keeps_to_the_rules(lab, control, complete):
    control.faults.add(
        Status(status=429, retry_after=3),
        Status(status=503, retry_after_ms=2500),
        Status(status=500),
        CutOff(after=3),
        RateQuota(requests=5),
    )
    for _ in range(6):
        assert complete(retries=4).choices
    assert len(control.requests) > 8
    assert rules(control) == []


def test_coming_back_too_early_is_found(control, complete, clock):
    control.faults.add(Status(status=429, retry_after=3))
    with pytest.raises(openai.RateLimitError):
        complete()
    complete(prompt="something else")
    clock.advance(2)
    complete()
    (finding,) = control.conduct()
    assert (finding.rule, finding.requests) == ("ignored-retry-after", (1, 3))
    assert finding.message == (
        "Request 1 (POST /v1/completions) was to be sent again after 3 s, and was after 2.00 s."
    )


def test_coming_back_in_time_is_no_finding(control, complete, clock):
    control.faults.add(Status(status=429, retry_after=3))
    with pytest.raises(openai.RateLimitError):
        complete()
    clock.advance(3)
    complete()
    assert rules(control) == []


@pytest.mark.parametrize("status", [400, 429])
def test_who_asks_before_he_is_answered_has_been_told_nothing(status):
    log = RequestLog(Numbers(), lambda: 0.0, itertools.count().__next__)
    request = Request.of("POST", "/v1/completions", [], b"{}")
    answer = Response(status, {"retry-after": "100"}, b"")
    first, second = log.begin(request), log.begin(request)
    log.end(first, answer)
    log.end(second, answer)
    assert findings(log, []) == []
    log.begin(request)
    assert len(findings(log, [])) == 1 + (status == 400)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_sending_again_what_cannot_succeed_is_found(control, complete, status):
    control.faults.add(Status(status=status, times=3))
    for _ in range(3):
        with pytest.raises(openai.APIStatusError):
            complete()
    (finding,) = control.conduct()
    assert (finding.rule, finding.requests) == ("retried-in-vain", (1, 2, 3))
    assert f"status {status}" in finding.message


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_sending_again_what_may_succeed_is_no_finding(control, complete, status):
    control.faults.add(Status(status=status))
    assert complete(retries=1).choices
    assert rules(control) == []


def test_a_read_that_a_client_calls_a_retry_is_found_and_another_look_is_not(lab, control):
    for retry in ("0", "0", "1"):
        with pytest.raises(openai.NotFoundError):
            lab.client.files.retrieve("file-1", extra_headers={"x-stainless-retry-count": retry})
    (finding,) = control.conduct()
    assert (finding.rule, finding.requests) == ("retried-in-vain", (2, 3))


def test_a_corrected_request_is_no_finding(control, complete):
    with pytest.raises(openai.BadRequestError):
        complete(n=0)
    complete(n=1)
    assert rules(control) == []


def test_an_answer_that_ended_early_must_be_asked_for_again(control, complete):
    control.faults.add(Truncated())
    list(complete(stream=True))
    (finding,) = control.conduct()
    assert (finding.rule, finding.requests) == ("accepted-truncated", (1,))
    list(complete(stream=True))
    assert rules(control) == []


def test_who_leaves_a_truncated_stream_by_himself_has_not_taken_it_for_whole(control, complete):
    control.faults.add(Truncated(share=0.9))
    stream = complete(stream=True, n=9)
    next(iter(stream))
    stream.close()
    assert rules(control) == []


def create(lab, file_id, retries=0, **options):
    client = lab.client.with_options(max_retries=retries)
    return client.fine_tuning.jobs.create(
        **{"model": "babbage-002", "training_file": file_id} | options
    )


def test_a_job_that_is_created_again_after_a_lost_answer_is_found(lab, control):
    file_id = lab.upload()
    control.faults.add(Dropped(path="/fine_tuning/jobs", method="POST", acted=True))
    job = create(lab, file_id, retries=1)
    first, second = (entry.id for entry in reversed(lab.client.fine_tuning.jobs.list().data))
    assert second == job.id
    (finding,) = control.conduct()
    assert (finding.rule, finding.requests) == ("created-twice", (2, 3))
    assert finding.message == (
        f"The same options and files created {first}, {second}; "
        "the answer to request 2 (POST /v1/fine_tuning/jobs) was lost."
    )


def test_a_job_created_again_from_an_equal_file_is_found(lab, control):
    for _ in range(2):
        create(lab, lab.upload(), suffix="same")
    assert rules(control) == ["created-twice"]


def test_a_deleted_file_is_itself_still(lab, control):
    file_id = lab.upload()
    for _ in range(2):
        create(lab, file_id)
    lab.client.files.delete(file_id)
    assert rules(control) == ["created-twice"]


def test_other_files_options_and_undone_jobs_are_no_double(lab, control, lines):
    file_id = lab.upload()
    first = create(lab, file_id)
    create(lab, file_id, suffix="other")
    create(lab, lab.upload(lines["completion"](30)))
    assert rules(control) == []
    lab.client.fine_tuning.jobs.cancel(first.id)
    create(lab, file_id)
    assert rules(control) == []


def test_a_request_that_was_never_carried_out_creates_nothing(lab, control):
    file_id = lab.upload()
    control.faults.add(Dropped(path="/fine_tuning/jobs", method="POST"))
    create(lab, file_id, retries=1)
    assert rules(control) == []


def test_a_batch_created_twice_is_found(lab, control):
    file_id = lab.upload(b"{}", purpose="batch")
    for _ in range(2):
        lab.client.batches.create(
            input_file_id=file_id, endpoint="/v1/completions", completion_window="24h"
        )
    assert rules(control) == ["created-twice"]
    control.requests.clear()
    assert rules(control) == []
