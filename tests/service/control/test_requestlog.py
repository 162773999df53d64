"""What the log says of requests, and what it never does."""

from __future__ import annotations

import asyncio
import json
import re

import openai
import pytest

from pitchpipe.service.control.refusing import Status
from pitchpipe.service.control.requestlog import RequestLog
from pitchpipe.service.engine.numbers import Numbers
from pitchpipe.service.http import Request, Response, Wait
from pitchpipe.service.transports import BASE_URL, openai_async_http_client


def log_of(kept=10):
    return RequestLog(Numbers(), lambda: 5.0, lambda: 1.0, kept)


def test_a_request_is_noted_with_its_answer(lab, control, complete, clock):
    clock.advance(3)
    complete(prompt="ü")
    (record,) = control.requests
    assert (record.number, record.at, record.arrived, record.answered) == (1, *[clock()] * 3)
    assert (record.method, record.path, record.query) == ("POST", "/v1/completions", ())
    assert (record.model, record.retry, record.faults) == ("babbage-002", 0, ())
    assert (record.status, record.outcome) == (200, "answered")
    assert record.request_id == f"req_{1:032x}"
    assert record.received > 20
    assert record.sent > 100
    assert record.tokens > 0
    assert re.fullmatch("[0-9a-f]{64}", record.digest)
    lab.client.files.list(limit=3)
    _, listed = control.requests
    assert (listed.query, listed.digest, listed.received) == ((("limit", "3"),), "", 0)
    assert listed.model is None
    json.dumps([entry.to_json() for entry in control.requests])


def test_equal_bodies_have_equal_digests_whatever_the_boundary(lab, control, complete):
    complete()
    complete()
    lab.upload(b"a\n")
    lab.upload(b"a\n")
    lab.upload(b"b\n")
    digests = [record.digest for record in control.requests]
    assert digests[0] == digests[1]
    assert digests[2] == digests[3]
    assert len(set(digests)) == 3


def test_the_told_wait_is_kept_in_seconds(control, complete):
    control.faults.add(
        Status(status=429, retry_after=7),
        Status(status=503, retry_after=7, retry_after_ms=1500),
        Status(status=503),
    )
    for _ in range(3):
        with pytest.raises(openai.APIStatusError):
            complete()
    assert [record.retry_after for record in control.requests] == [7, 1.5, None]


def test_keys_and_bodies_are_never_noted(make_lab):
    lab = make_lab()
    headers = [("authorization", "Bearer sk-secret"), ("api-key", "sk-secret")]
    body = b'{"model": "babbage-002", "prompt": "sk-secret"}'
    lab.service.handle(Request.of("POST", "/v1/completions", headers, body))
    noted = json.dumps([record.to_json() for record in lab.service.control.requests])
    assert "babbage-002" in noted
    assert "secret" not in noted


def test_only_the_latest_are_kept():
    log = log_of(kept=3)
    for _ in range(5):
        log.begin(Request.of("GET", "/v1/models"))
    assert [record.number for record in log] == [3, 4, 5]
    assert len(log) == 3
    log.clear()
    assert list(log) == []


@pytest.mark.parametrize("header", ["x", "-1", "", "1" * 20])
def test_a_retry_count_that_is_no_number_is_none(header):
    log = log_of()
    log.begin(Request.of("GET", "/v1/models", [("x-stainless-retry-count", header)]))
    assert next(iter(log)).retry is None


@pytest.mark.parametrize(
    ("read", "outcome", "sent"), [(1, "left", 2), (2, "left", 2), (3, "answered", 5)]
)
def test_a_stream_is_followed_as_far_as_the_client_reads(read, outcome, sent):
    log = log_of()
    record = log.begin(Request.of("GET", "/v1/models"))
    response = log.end(record, Response(200, {}, iter([b"12", Wait(1), b"345"])))
    assert record.outcome == "answering"
    for _ in range(read):
        next(response.body)
    response.body.close()
    assert (record.outcome, record.sent) == (outcome, sent)


def test_who_stops_at_the_last_piece_has_read_all_and_who_leaves_before_has_not(control, complete):
    list(complete(stream=True))  # the client reads no further than [DONE]
    stream = complete(stream=True, n=9)
    next(iter(stream))
    stream.close()
    assert [record.outcome for record in control.requests] == ["answered", "left"]


def test_an_async_client_is_followed_alike(lab, control):
    async def run():
        async with openai.AsyncOpenAI(
            api_key="k",
            base_url=BASE_URL,
            http_client=openai_async_http_client(lab.service),
        ) as client:
            ask = client.completions.create
            async for _ in await ask(model="babbage-002", prompt="x", stream=True):
                pass
            stream = await ask(model="babbage-002", prompt="x", stream=True, n=9)
            await anext(aiter(stream))
            await stream.close()

    asyncio.run(run())
    assert [record.outcome for record in control.requests] == ["answered", "left"]


def test_an_unreadable_body_names_no_model(lab):
    for body in (b"[", b"[1]", b'{"model": 1}', b"\xff"):
        lab.service.handle(Request.of("POST", "/v1/completions", [], body))
    assert [record.model for record in lab.service.control.requests] == [None] * 4
    assert {record.status for record in lab.service.control.requests} == {400}
