"""That the checker sees what is wrong; on a contract of our own, so that it needs no file."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.amendments import Amendment, amended
from contract.checker import Contract
from contract.document import modern
from pitchpipe.service.http import Request, dumps
from pitchpipe.service.service import Service

JSON_TYPE = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream"}
THING = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "size": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        "kind": {"type": "string", "enum": ["a"], "nullable": True},
        "part": {"allOf": [{"$ref": "#/components/schemas/Part"}, {"nullable": True}]},
    },
    "required": ["id"],
}
PART = {"type": "object", "properties": {"n": {"type": "integer"}}}
ERROR = {
    "type": "object",
    "properties": {"error": {"type": "object"}},
    "required": ["error"],
}
COMPLETION = {
    "type": "object",
    "properties": {
        "choices": {
            "type": "array",
            "items": {"type": "object", "properties": {"finish_reason": {"type": "string"}}},
        },
        "usage": {"type": "object"},
    },
    "required": ["choices"],
}


def told(schema, *kinds):
    media = {kind: {"schema": {"$ref": f"#/components/schemas/{schema}"}} for kind in kinds}
    return {"responses": {"200": {"content": media}}}


DOCUMENT = {
    "paths": {
        "/things": {"post": {"operationId": "create", **told("Thing", "application/json")}},
        "/things/{id}": {"get": {"operationId": "get", **told("Thing", "application/json")}},
        "/things/all": {"get": {"operationId": "all", **told("Part", "application/json")}},
        "/files/{file_id}/content": {
            "get": {"operationId": "content", **told("Part", "application/json")}
        },
        "/completions": {
            "post": {
                "operationId": "complete",
                **told("CreateCompletionResponse", *JSON_TYPE.values()),
            }
        },
    },
    "components": {
        "schemas": {
            "Thing": THING,
            "Part": PART,
            "ErrorResponse": ERROR,
            "CreateCompletionResponse": COMPLETION,
        }
    },
}


@pytest.fixture
def service():
    with closing(Service(pace="manual")) as made:
        yield made


@pytest.fixture
def small():
    return Contract(modern(DOCUMENT), [])


def complaints(contract, body, *, path="/v1/things/1", method="GET", status=200, headers=JSON_TYPE):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return contract.complaints(method, path, status, headers, content)


@pytest.mark.parametrize(
    "body",
    [
        {"id": "1"},
        {"id": "\ud800", "size": 0.5, "kind": "a", "part": {"n": 2}},
        {"id": "1", "kind": None, "part": None},
        {"id": "1", "part": {"n": 10**30}},
    ],
)
def test_a_good_answer_is_good(small, body):
    assert complaints(small, body) == []


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "id"),
        ({"id": None}, "/id"),
        ({"id": "1", "size": 0}, "/size"),
        ({"id": "1", "kind": "b"}, "/kind"),
        ({"id": "1", "part": {"n": "2"}}, "/part"),
        ({"id": "1", "extra": 1}, "extra"),
        ({"id": "1", "part": {"extra": 1}}, "/part"),
        ([], "array|object|\\[\\]"),
        (b"{", "no JSON"),
    ],
)
def test_a_bad_answer_is_told(small, body, named):
    (complaint, *_) = complaints(small, body)
    assert complaint.startswith("GET /v1/things/1 -> 200: ")
    assert any(word.replace("\\", "") in complaint for word in named.split("|"))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"status": 201}, "the contract knows 200 only"),
        ({"path": "/v1/other"}, "no such operation"),
        ({"path": "/v1/things"}, "no such operation"),
        ({"path": "/v1/things/"}, "no such operation"),
        ({"headers": {"content-type": "text/html"}}, "media type 'text/html'"),
        ({"headers": {}}, "media type ''"),
        ({"status": 404}, "error"),
        ({"status": 500, "path": "/v1/other"}, "error"),
    ],
)
def test_the_answer_must_fit_the_request(small, change, named):
    (complaint, *_) = complaints(small, {"id": "1"}, **change)
    assert named in complaint


def test_errors_are_errors_wherever_they_come_from(small):
    for path in ("/v1/things/1", "/v1/other"):
        assert complaints(small, {"error": {}}, path=path, status=404) == []


def test_a_literal_path_goes_before_a_parameter(small):
    assert small.find("GET", "/v1/things/all").id == "all"
    assert small.find("GET", "/v1/things/a%2Fb").id == "get"
    assert complaints(small, {"n": 1}, path="/v1/things/all") == []


def test_content_is_bytes(small):
    octets = {"content-type": "application/octet-stream"}
    path = "/v1/files/1/content"
    assert complaints(small, b"\xff{", path=path, headers=octets) == []
    assert complaints(small, b"{}", path=path)


CHUNK = b'data: {"choices": [{"finish_reason": null}], "usage": null}\n\n'


@pytest.mark.parametrize(
    ("body", "good"),
    [
        (CHUNK + b"data: [DONE]\n\n", True),
        (CHUNK, False),
        (CHUNK + b"data: [DONE]", False),
        (b"data: {}\n\ndata: [DONE]\n\n", False),
        (CHUNK + b"event: x\n\ndata: [DONE]\n\n", False),
        (CHUNK[:-1] + CHUNK + b"data: [DONE]\n\n", False),
        (b"", False),
    ],
)
def test_every_chunk_of_a_stream_counts(small, body, good):
    found = complaints(small, body, path="/v1/completions", method="POST", headers=EVENTS)
    assert (found == []) is good
    assert complaints(
        small, {"choices": [{"finish_reason": None}]}, path="/v1/completions", method="POST"
    )


def test_an_amendment_adds_to_what_is_allowed():
    schemas = modern(DOCUMENT)["components"]["schemas"]
    place = ("Thing", "properties", "id")
    changed = amended(schemas, [Amendment(place, {"const": 1}, "why")])
    assert changed["Thing"]["properties"]["id"] == {"anyOf": [{"type": "string"}, {"const": 1}]}
    assert schemas["Thing"]["properties"]["id"] == {"type": "string"}


WORDS = st.sampled_from(["type", "properties", "anyOf", "$ref", "minimum", "required"])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
    )
)
def test_a_schema_without_old_words_stays_as_it_is(schema):
    assert modern(schema) == schema


def test_every_answer_of_every_service_is_watched(contract, service, monkeypatch, contract_kept):
    monkeypatch.setattr("pitchpipe.service.routes.models._shown", lambda *_: {"id": 1})
    monkeypatch.setattr("pitchpipe.service.protocol.streaming._event", lambda _: b"data: {}\n\n")
    service.handle(Request("GET", "/v1/models/babbage-002"))
    stream = dumps({"model": "babbage-002", "prompt": "x", "stream": True})
    b"".join(service.handle(Request("POST", "/v1/completions", body=stream)).body)
    places = {complaint.partition(" ->")[0] for complaint in contract_kept}
    contract_kept.clear()
    assert places == {"GET /v1/models/babbage-002", "POST /v1/completions"}
