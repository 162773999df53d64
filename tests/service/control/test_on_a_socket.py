"""The same faults through a real connection."""

from __future__ import annotations

import openai
import pytest

from pitchpipe.service.control.delivery import CutOff, Dropped, Malformed, Stalled, Truncated
from pitchpipe.service.control.refusing import RateQuota, Status
from pitchpipe.service.server.loopback import serve


@pytest.fixture
def client(lab):
    with (
        serve(lab.service) as url,
        openai.OpenAI(api_key="k", base_url=url, max_retries=0) as client,
    ):
        yield client


def complete(client, **options):
    return client.completions.create(model="babbage-002", prompt="x", n=3, **options)


def broken():
    """What a connection that ends too soon looks like to the client, from version to version."""
    from openai import _base_client

    library = getattr(_base_client, "httpx2", None) or _base_client.httpx
    return library.RemoteProtocolError, openai.APIConnectionError


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "fault", [Dropped(), Dropped(acted=True), CutOff(sent=20), Stalled(seconds=0)]
)
def test_a_broken_connection_is_an_error_and_the_next_one_works(client, control, fault, stream):
    control.faults.add(fault)
    with pytest.raises(broken()):
        list(complete(client, stream=stream))
    assert complete(client).choices
    assert [record.outcome for record in control.requests] == [
        "dropped" if isinstance(fault, Dropped) else "cut-off",
        "answered",
    ]


def test_a_truncated_stream_is_taken_for_whole(client, control):
    whole = list(complete(client, stream=True))
    control.faults.add(Truncated())
    assert 0 < len(list(complete(client, stream=True))) < len(whole)
    assert [finding.rule for finding in control.conduct()] == ["accepted-truncated"]
    list(complete(client, stream=True))
    assert control.conduct() == []


def test_bad_json_and_refusals_arrive_as_they_are(client, control):
    control.faults.add(Malformed(), Status(status=503, retry_after=4, after=1))
    with pytest.raises(ValueError, match=r"JSON|delimiter|Expecting"):
        complete(client)
    with pytest.raises(openai.InternalServerError) as caught:
        complete(client)
    assert caught.value.response.headers["retry-after"] == "4"
    control.faults.add(RateQuota(requests=2))
    answer = client.completions.with_raw_response.create(model="babbage-002", prompt="x")
    assert answer.headers["x-ratelimit-remaining-requests"] == "1"
