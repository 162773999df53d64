"""The control surface over HTTP."""

from __future__ import annotations

import json

import openai
import pytest

from pitchpipe.service.http import Request, dumps


@pytest.fixture
def lab(make_lab, clock):
    return make_lab(clock=clock, stopwatch=clock, pace="manual", control_routes=True)


@pytest.fixture
def call(lab):
    def call(method, path, body=None, status=200):
        content = b"" if body is None else dumps(body)
        response = lab.service.handle(Request.of(method, f"/_pitchpipe/{path}", [], content))
        assert response.status == status, response.body
        return json.loads(response.body)

    return call


def test_there_are_none_unless_asked_for(make_lab):
    service = make_lab().service
    for path in ("state", "faults"):
        assert service.handle(Request.of("GET", f"/_pitchpipe/{path}")).status == 404


def test_state_is_told(call, clock):
    state = call("GET", "state")
    assert state["seed"] == 0
    assert state["now"] == clock()
    assert state["pace"] == {"job": "manual", "batch": "manual"}
    assert state["lasting"]["job.running"] == 60
    assert state["snapshots"] == []


def test_faults_are_queued_listed_and_taken_back(call, complete):
    fault = {"kind": "status", "status": 503, "retry_after": 2, "path": "/completions"}
    queued = call("POST", "faults", fault)
    assert {name: queued[name] for name in fault} == fault
    assert (queued["times"], queued["seen"], queued["applied"]) == (1, 0, 0)
    assert call("GET", "faults")["data"] == [queued]
    with pytest.raises(openai.InternalServerError):
        complete()
    assert call("GET", "faults")["data"] == []
    gone = call("POST", "faults", fault)["id"]
    assert call("DELETE", f"faults/{gone}")["data"] == []
    call("DELETE", f"faults/{gone}", status=404)
    call("POST", "faults", {"kind": "job-fails", "step": 2})
    assert call("DELETE", "faults")["data"] == []
    assert complete().choices


def test_the_log_is_told_and_these_routes_are_not_in_it(call, complete):
    complete()
    complete()
    records = call("GET", "requests")["data"]
    assert [record["path"] for record in records] == ["/v1/completions"] * 2
    assert call("GET", f"requests?after={records[0]['number']}")["data"] == records[1:]
    assert call("GET", "requests?after=x", status=400)["error"]["param"] == "after"
    assert call("DELETE", "requests")["data"] == []
    assert call("GET", "requests")["data"] == []


def test_faults_do_not_reach_these_routes(call):
    call("POST", "faults", {"kind": "status", "status": 500, "times": None})
    call("POST", "faults", {"kind": "dropped", "times": None})
    assert len(call("GET", "faults")["data"]) == 2


def test_conduct_is_told(call, complete):
    call("POST", "faults", {"kind": "status", "status": 429, "retry_after": 9})
    with pytest.raises(openai.RateLimitError):
        complete()
    complete()
    (finding,) = call("GET", "conduct")["data"]
    assert (finding["rule"], finding["requests"]) == ("ignored-retry-after", [1, 2])


def test_objects_are_moved_by_steps_or_seconds(lab, call, clock):
    job_id = lab.create().id
    moved = call("POST", "advance")
    assert moved["data"] == [{"id": job_id, "status": "queued"}]
    call("POST", "transitions", {"pace": "timed", "lasting": {"job.running": 5}})
    moved = call("POST", "advance", {"id": job_id, "seconds": 15})
    assert moved["data"] == [{"id": job_id, "status": "succeeded"}]
    assert moved["now"] == clock()
    assert call("POST", "advance", {"steps": 3})["data"] == []


def test_one_kind_has_a_pace_of_its_own(call):
    state = call("POST", "transitions", {"pace": "immediate", "of": "batch"})
    assert state["pace"] == {"job": "manual", "batch": "immediate"}


def test_state_is_put_aside_brought_back_and_forgotten(lab, call):
    file_id = lab.upload()
    name = call("POST", "snapshots")["name"]
    assert call("POST", "reset", {"seed": 4})["seed"] == 4
    assert not lab.client.files.list().data
    state = call("POST", f"snapshots/{name}/restore")
    assert (state["seed"], state["snapshots"]) == (0, [name])
    assert [file.id for file in lab.client.files.list()] == [file_id]
    assert call("POST", "reset")["seed"] == 0
    assert call("POST", "seed", {"seed": 9})["seed"] == 9


@pytest.mark.parametrize(
    ("path", "body", "status", "param"),
    [
        ("advance", {"id": "ftjob-x"}, 404, "id"),
        ("advance", {"seconds": -1}, 400, "seconds"),
        ("advance", {"steps": 0}, 400, "steps"),
        ("advance", {"step": 1}, 400, "step"),
        ("reset", {"seed": "7"}, 400, "seed"),
        ("seed", {}, 400, "seed"),
        ("transitions", {"pace": "fast"}, 400, "pace"),
        ("transitions", {"pace": "timed", "lasting": {"job.x": 1}}, 400, "lasting"),
        ("snapshots/snapshot-1/restore", {}, 404, "name"),
        ("snapshots/..%2Ffiles/restore", {}, 404, "name"),
        ("faults", {"kind": "flood"}, 400, "kind"),
        ("faults", {"kind": "latency"}, 400, "seconds"),
        ("nothing", {}, 404, None),
    ],
)
def test_what_makes_no_sense_is_refused_in_the_api_s_form(call, path, body, status, param):
    error = call("POST", path, body, status=status)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] == param


def test_a_body_that_is_no_object_is_refused(lab):
    for body in (b"[]", b"{", b"\xff"):
        request = Request.of("POST", "/_pitchpipe/advance", [], body)
        assert lab.service.handle(request).status == 400
