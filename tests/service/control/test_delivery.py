"""Late and broken answers, as the openai client meets them."""

from __future__ import annotations

import json

import openai
import pytest

from pitchpipe.service.control.delivery import (
    CutOff,
    Dropped,
    Latency,
    Malformed,
    Stalled,
    Truncated,
)
from pitchpipe.service.control.refusing import Status
from pitchpipe.service.http import Disconnect, Request, dumps

BODY = dumps({"model": "babbage-002", "prompt": "x"})


@pytest.fixture
def library():
    """The HTTP library of the installed openai package."""
    from openai import _base_client

    return getattr(_base_client, "httpx2", None) or _base_client.httpx


@pytest.fixture
def ask(lab):
    """Asks the service itself."""

    def ask(stream=False):
        body = dumps(json.loads(BODY) | {"stream": stream, "n": 2})
        return lab.service.handle(Request.of("POST", "/v1/completions", [], body))

    return ask


def text(chunks):
    return "".join(choice.text for chunk in chunks for choice in chunk.choices)


def test_latency_delays(control, complete, clock):
    control.faults.add(Latency(seconds=3), Latency(seconds=5))
    begun = clock()
    complete()
    assert clock() - begun == 3
    complete()
    assert clock() - begun == 8


def test_an_answer_later_than_the_client_waits_is_a_timeout(control, complete, clock):
    control.faults.add(Latency(seconds=100))
    begun = clock()
    with pytest.raises(openai.APITimeoutError):
        complete(timeout=20)
    assert clock() - begun == 20


@pytest.mark.parametrize("acted", [False, True])
def test_a_dropped_connection_has_acted_or_not(lab, control, acted):
    control.faults.add(Dropped(path="/files", method="POST", acted=acted))
    with pytest.raises(openai.APIConnectionError):
        lab.upload()
    assert len(lab.client.files.list().data) == acted
    assert [record.outcome for record in control.requests] == ["dropped", "answered"]
    assert next(iter(control.requests)).status is None


@pytest.mark.parametrize("sent", [0, 1, 40, 10**6])
def test_a_body_that_is_cut_off_is_no_answer(lab, control, complete, sent):
    control.faults.add(CutOff(sent=sent))
    with pytest.raises(openai.APIConnectionError):
        complete()
    cut = next(iter(control.requests))
    assert cut.outcome == "cut-off"
    assert cut.sent <= sent
    assert complete().choices
    _, whole = control.requests
    assert cut.sent < whole.sent


def test_a_body_that_is_cut_off_keeps_its_length(control, ask):
    whole = len(ask().body)
    control.faults.add(CutOff(sent=10))
    response = ask()
    assert response.headers["content-length"] == str(whole)
    assert len(next(response.body)) == 10
    with pytest.raises(Disconnect):
        next(response.body)


@pytest.mark.parametrize("sent", [0, 1, 300, 400])
def test_a_stream_that_is_cut_off_has_so_many_bytes_and_ends_in_an_error(
    control, complete, library, ask, sent
):
    expected = b"".join(ask(stream=True).body)
    control.reset()
    control.faults.add(CutOff(sent=sent, times=2))
    pieces = []
    with pytest.raises(Disconnect):
        pieces.extend(ask(stream=True).body)
    got = b"".join(pieces)
    assert len(got) == sent < len(expected)
    assert expected.startswith(got)
    with pytest.raises((library.RemoteProtocolError, openai.APIConnectionError)):
        list(complete(stream=True))
    assert [record.outcome for record in control.requests] == ["cut-off"] * 2


def test_a_truncated_stream_looks_whole(control, complete, ask):
    whole = text(complete(stream=True, n=2))
    control.faults.add(Truncated(share=0.5, times=2))
    short = text(complete(stream=True, n=2))
    assert short
    assert whole.startswith(short)
    assert whole != short
    assert b"[DONE]" not in b"".join(ask(stream=True).body)
    assert [record.outcome for record in control.requests] == ["answered"] * 3


@pytest.mark.parametrize("share", [0, 0.5, 0.999])
def test_a_truncated_body_is_shorter_and_says_so_nowhere(lab, control, ask, share):
    content = b"0123456789" * 10
    file_id = lab.upload(content, purpose="batch")
    control.faults.add(Truncated(share=share))
    short = lab.client.files.content(file_id).content
    assert content.startswith(short)
    assert len(short) == int(100 * share)
    control.faults.add(Truncated(share=share))
    with pytest.raises(json.JSONDecodeError):
        json.loads(ask().body)


def test_a_malformed_body_is_no_json(control, complete, ask):
    control.faults.add(Malformed(times=2))
    with pytest.raises(json.JSONDecodeError):
        json.loads(ask().body)
    with pytest.raises(json.JSONDecodeError):
        complete()


@pytest.mark.parametrize("pieces", [0, 1, 2])
def test_a_malformed_stream_breaks_after_so_many_pieces(control, complete, pieces):
    whole = list(complete(stream=True))
    control.faults.add(Malformed(pieces=pieces))
    got = []
    with pytest.raises(json.JSONDecodeError):
        got.extend(complete(stream=True))
    assert text(got) == text(whole[:pieces])


@pytest.mark.parametrize("pieces", [1, 2])
def test_a_stalled_stream_is_a_timeout_where_the_client_has_one(
    control, complete, library, clock, pieces
):
    control.faults.add(Stalled(pieces=pieces, seconds=300))
    begun, got = clock(), []
    with pytest.raises((library.ReadTimeout, openai.APITimeoutError)):
        got.extend(complete(stream=True, timeout=30))
    assert len(got) == pieces
    assert clock() - begun == 30


def test_a_stalled_stream_breaks_off_at_last(control, complete, library, clock):
    control.faults.add(Stalled(seconds=300))
    begun = clock()
    with pytest.raises((library.RemoteProtocolError, openai.APIConnectionError)):
        list(complete(stream=True, timeout=600))
    assert clock() - begun == 300


def test_a_stalled_body_is_asked_for_again(control, complete, clock):
    control.faults.add(Stalled(seconds=300))
    assert complete(retries=1, timeout=30).choices
    assert [record.outcome for record in control.requests][1] == "answered"


def test_several_kinds_apply_together(control, complete, clock):
    control.faults.add(
        Status(status=500, message="a message of some length"), Truncated(), Latency(seconds=4)
    )
    begun = clock()
    with pytest.raises(openai.InternalServerError) as caught:
        complete()
    assert clock() - begun == 4
    assert str(caught.value.response.content).count("}") == 0
    (record,) = control.requests
    assert record.faults == ("latency", "truncated", "status")
