"""The queue: which fault applies to which request."""

from __future__ import annotations

import json

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.service.control import faults
from pitchpipe.service.control.delivery import (
    CutOff,
    Dropped,
    Latency,
    Malformed,
    Stalled,
    Truncated,
)
from pitchpipe.service.control.fault import RequestFault
from pitchpipe.service.control.refusing import RateQuota, Status, TokenQuota
from pitchpipe.service.control.working import JobFails
from pitchpipe.service.http import ApiError, Disconnect, Request, dumps
from pitchpipe.service.service import Service

PATHS = ["/models", "/files", "/files/file-1/content", "/completions"]
MODELS = ["ada", "babbage-002", "ft:babbage-002:offline::x"]

conditions = st.fixed_dictionaries(
    {},
    optional={
        "times": st.none() | st.integers(1, 3),
        "after": st.integers(0, 3),
        "path": st.sampled_from([*PATHS, "/files*", "*", "/nothing"]),
        "method": st.sampled_from(["GET", "POST"]),
        "model": st.sampled_from([*MODELS, "ft:*", "*"]),
    },
)
requests = st.lists(
    st.tuples(
        st.sampled_from(["GET", "POST"]),
        st.sampled_from(PATHS),
        st.none() | st.sampled_from(MODELS),
    ),
    max_size=15,
)


def request_of(method, path, model):
    return Request.of(method, f"/v1{path}", [], b"" if model is None else dumps({"model": model}))


def plain(condition):
    """The condition, without stars: what a reader would say it means."""

    def means(method, path, model):
        wanted = condition.get("path", "*")
        named = condition.get("model")
        return (
            condition.get("method", method) == method
            and (wanted in ("*", path) or (wanted == "/files*" and path.startswith("/files")))
            and (
                named is None
                or named in ("*", model)
                or (named == "ft:*" and model is not None and model.startswith("ft:"))
            )
        )

    return means


@pytest.fixture(scope="module")
def service():
    service = Service(clock=lambda: 0.0)
    yield service
    service.close()


@settings(deadline=None)
@given(conditions=st.lists(conditions, max_size=4), requests=requests)
def test_the_first_that_is_due_applies_exactly_as_often_as_it_should(service, conditions, requests):
    service.control.reset()
    service.control.faults.add(
        *(Status(status=500 + place, **condition) for place, condition in enumerate(conditions))
    )
    seen, applied = [0] * len(conditions), [0] * len(conditions)
    for request in requests:
        due = []
        for place, condition in enumerate(conditions):
            spent = applied[place] == condition.get("times", 1)
            if not spent and plain(condition)(*request):
                seen[place] += 1
                due += [place] if seen[place] > condition.get("after", 0) else []
        if due:
            applied[due[0]] += 1
        status = service.handle(request_of(*request)).status
        assert status == 500 + due[0] if due else status < 500
    left = [(entry.fault.status - 500, entry.applied) for entry in service.control.faults.list()]
    assert left == [
        (place, count)
        for place, count in enumerate(applied)
        if count != conditions[place].get("times", 1)
    ]


def test_a_fault_of_each_kind_applies_to_one_request(service):
    service.control.reset()
    service.control.faults.add(Latency(seconds=1), Latency(seconds=2), Status(status=500))
    first, second = (service.handle(request_of("GET", "/models", None)) for _ in range(2))
    assert (first.status, first.delay) == (500, 1)
    assert (second.status, second.delay) == (200, 2)


FAULTS = st.one_of(
    st.builds(Latency, seconds=st.integers(0, 9)),
    st.builds(Dropped, acted=st.booleans()),
    st.builds(CutOff, sent=st.integers(0, 2000)),
    st.builds(Stalled, pieces=st.integers(0, 9), seconds=st.just(1)),
    st.builds(Malformed, pieces=st.integers(0, 9)),
    st.builds(Truncated, share=st.floats(0, 0.99)),
    st.builds(RateQuota, requests=st.integers(1, 3)),
    st.builds(TokenQuota, tokens=st.integers(0, 30), seconds=st.sampled_from([None, 60])),
    st.builds(Status, status=st.integers(400, 599)),
)


@settings(deadline=None)
@given(several=st.lists(FAULTS, max_size=5), streams=st.lists(st.booleans(), max_size=3))
def test_whatever_is_queued_an_answer_comes_or_the_connection_ends(service, several, streams):
    service.control.reset()
    service.control.faults.add(*several)
    for stream in streams:
        body = dumps({"model": "babbage-002", "prompt": "x", "n": 2, "stream": stream})
        pieces = []
        try:
            response = service.handle(Request.of("POST", "/v1/completions", [], body))
            whole = isinstance(response.body, bytes)
            pieces.extend([response.body] if whole else response.body)
        except Disconnect:
            ends = {"dropped", "cut-off"}
        else:
            ends = {"answered"}
        *_, record = service.control.requests
        assert record.outcome in ends
        assert record.sent == sum(len(piece) for piece in pieces if isinstance(piece, bytes))
        assert set(record.faults) <= {fault.kind for fault in several}
    assert len(service.control.requests) == len(streams)
    service.control.conduct()


def test_a_fault_is_taken_back(service):
    service.control.reset()
    queue = service.control.faults
    (status,) = queue.add(Status(status=500))
    (job,) = queue.add(JobFails())
    assert [entry.id for entry in queue.list()] == [status, job]
    queue.remove(status)
    queue.remove(job)
    assert queue.list() == []
    for gone in (status, job, "fault-99"):
        with pytest.raises(ApiError, match=f"No fault with the id '{gone}'"):
            queue.remove(gone)


def test_clearing_takes_all(service):
    queue = service.control.faults
    queue.add(Status(status=500, times=None), JobFails(), RateQuota(requests=1))
    queue.clear()
    assert queue.list() == []
    assert service.handle(request_of("GET", "/models", None)).status == 200


@pytest.mark.parametrize("wrong", [{"status": 200}, {"status": 500, "times": 0}, {"stauts": 500}])
def test_a_fault_that_makes_no_sense_is_none(wrong):
    with pytest.raises(pydantic.ValidationError):
        Status(**wrong)


def test_a_fault_cannot_be_changed():
    with pytest.raises(pydantic.ValidationError):
        Latency(seconds=1).seconds = 2


REQUIRED = {
    "status": {"status": 500},
    "latency": {"seconds": 1},
    "rate-quota": {"requests": 1},
    "token-quota": {"tokens": 1},
}


@pytest.mark.parametrize("kind", sorted(faults.KINDS))
def test_every_kind_goes_through_json_and_back(kind):
    fault = faults.parse({"kind": kind} | REQUIRED.get(kind, {}))
    shown = json.loads(dumps({"kind": kind} | fault.model_dump()))
    assert faults.parse(shown) == fault
    assert isinstance(fault, faults.KINDS[kind])


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        ({}, "kind", "Missing required parameter: 'kind'."),
        ({"kind": "flood"}, "kind", "Invalid value: 'flood'. Supported values are: 'latency'"),
        ({"kind": "status"}, "status", "Missing required parameter: 'status'."),
        ({"kind": "latency", "seconds": -1}, "seconds", "below minimum"),
        ({"kind": "latency", "seconds": 1, "status": 500}, "status", "Unknown parameter"),
    ],
)
def test_what_describes_no_fault_is_refused(body, param, message):
    with pytest.raises(ApiError, match=message) as caught:
        faults.parse(body)
    assert caught.value.body["error"]["param"] == param


def test_every_fault_of_requests_says_what_it_does():
    for kind in faults.KINDS.values():
        if issubclass(kind, RequestFault):
            own = (kind.effect, kind.answer)
            assert own != (RequestFault.effect, RequestFault.answer)
