"""No JSON body costs more than its length, and none is answered with a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from hostile import ask, in_child, is_refusal, routes
from pitchpipe.service import json_text
from pitchpipe.service.control import faults
from pitchpipe.service.http import ApiError, Request
from pitchpipe.service.json_text import MAX_DEPTH, MAX_VALUES, JsonError, measure, parse
from pitchpipe.service.protocol.params import Params
from pitchpipe.service.service import Service

CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    service = Service(control_routes=True, seed=0)
    yield service
    service.close()


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


def chat(**members: Any) -> bytes:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]} | members
    return json.dumps(body).encode()


# --- memory ---------------------------------------------------------------------------------------

_MEASURE = """
import json, resource, sys
from pitchpipe.service.http import Request
from pitchpipe.service.service import Service

def repeated(template, item, size):
    return template.replace(b"@", item * (size // len(item))).replace(b",]", b"]")

def numbered(template, value, size):
    members = b",".join(b'"%d":%b' % (n, value) for n in range(size // 12))
    return template.replace(b"@", members)

CHAT = b'{"model":"gpt-4o","messages":[{"role":"user","content":"x"}],'
SHAPES = {
    "lists": lambda size: repeated(b'{"model":"m","messages":[@]}', b"[],", size),
    "objects": lambda size: repeated(b'{"model":"m","messages":[@]}', b"{},", size),
    "numbers": lambda size: repeated(b'{"model":"m","messages":[@]}', b"0,", size),
    "messages": lambda size: repeated(
        b'{"model":"m","messages":[@]}', b'{"role":"x","content":[0]},', size
    ),
    "parts": lambda size: repeated(
        b'{"model":"m","messages":[{"role":"user","content":[@]}]}', b'"",', size
    ),
    "tools": lambda size: repeated(CHAT + b'"tools":[@]}', b"0,", size),
    "metadata": lambda size: numbered(CHAT + b'"metadata":{@}}', b"0", size),
    "biases": lambda size: numbered(CHAT + b'"logit_bias":{@}}', b'""', size),
    "unknown": lambda size: numbered(b"{@}", b"0", size),
}
service = Service()
def cost(shape, size):
    body = SHAPES[shape](size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = service.handle(Request("POST", "/v1/chat/completions", body=body))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return answer.status, len(answer.body), (after - before) * 1024 / len(body)
for shape in SHAPES:  # what the first request of a kind loads is no cost of it
    cost(shape, 1000)
told = [(shape, *cost(shape, SIZE)) for shape in SHAPES]
print(json.dumps(told))
"""


@pytest.mark.parametrize("megabytes", [1, 8])
def test_a_wrong_body_takes_a_few_times_its_size(megabytes: int) -> None:
    for shape, status, size, times in in_child(_MEASURE.replace("SIZE", str(megabytes << 20))):
        assert status == 400, shape
        assert size < 3000, shape
        # a small body may cost what it grows to as objects: 20 bytes of memory a byte of text
        assert times < (100 if megabytes == 1 else 15), (shape, times)


def _schemas(schema: Any, seen: set[int]) -> Iterator[Mapping[str, Any]]:
    if id(schema) in seen:
        return
    seen.add(id(schema))
    if isinstance(schema, Mapping):
        yield schema
        for part in schema.values():
            yield from _schemas(part, seen)
    elif isinstance(schema, list | tuple):
        for part in schema:
            yield from _schemas(part, seen)


def _subclasses(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)


def test_no_model_of_a_body_notes_more_than_a_few_errors() -> None:
    kinds = list(_subclasses(Params))
    assert faults.Latency in kinds
    for kind in kinds:
        bounded: set[int] = set()
        for schema in _schemas(kind.__pydantic_core_schema__, set()):
            if schema.get("type") == "list":
                assert schema.get("fail_fast"), kind
            if schema.get("type") == "function-before":
                bounded.add(id(schema["schema"]))
            if schema.get("type") == "dict":
                free = schema["values_schema"]["type"] == "any"
                assert free or id(schema) in bounded, kind
            if schema.get("type") == "model-fields" and schema.get("extra_behavior") != "allow":
                assert issubclass(kind, Params)


# --- what is refused ------------------------------------------------------------------------------

HOSTILE = {
    "nesting": nested(MAX_DEPTH + 1),
    "nesting without end": b"[" * 1_000_000,
    "objects in objects": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "not a number": b'{"a":NaN}',
    "beyond a float": b'{"a":1e400}',
    "below a float": b'{"a":-1e400}',
    "an integer of many digits": b'{"a":' + b"9" * 100_000 + b"}",
    "half a pair": b'{"a":"\\ud800"}',
    "half a pair as key": b'{"\\udc00":1}',
    "bytes that are no text": b'{"a":"\xff"}',
    "a NUL": b"\x00",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "a key twice": b'{"model":"a","model":"b"}',
    "a key twice within": b'{"a":[{"b":{"c":1,"c":1}}]}',
    "a key twice, escaped": b'{"ab":1,"\\u0061b":2}',
    "a list": b"[]",
    "a string": b'"x"',
    "null": b"null",
    "two": b"{}{}",
    "cut short": b'{"a":',
    "too many values": b"[" + b"0," * MAX_VALUES + b"0]",
    "a key of a megabyte": b'{"' + b"k" * (1 << 20) + b'":1}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_every_route_refuses_it(service: Service, body: bytes) -> None:
    control = service._control_router
    assert control is not None
    for method, template in [*routes(service._router), *routes(control)]:
        reads = not template.endswith(("/cancel", "/pause", "/resume", "/snapshots", "/restore"))
        if method != "POST" or not reads or template in ("/v1/files", "/v1/uploads/*/parts"):
            continue
        status, answer = ask(service, method, template.replace("*", "davinci"), body)
        assert is_refusal(status, answer), (template, status, str(answer)[:300])


@pytest.mark.parametrize("member", ["messages", "metadata", "tools", "response_format", "stop"])
@pytest.mark.parametrize(
    "value", [nested(90), b"1e308", b"9" * 300, b'"\\u0000"', b'"' + b"x" * 1100 + b'"']
)
def test_odd_values_of_members_are_taken_or_refused(
    service: Service, member: str, value: bytes
) -> None:
    body = chat(**{member: 0}).replace(
        b'"%b": 0' % member.encode(), b'"%b": %b' % (member.encode(), value)
    )
    status, answer = ask(service, "POST", CHAT, body)
    assert status == 200 or is_refusal(status, answer)


def test_the_limit_of_depth_is_exact(service: Service) -> None:
    # the message, its list and the body are three levels
    for levels, expected in ((MAX_DEPTH - 3, 200), (MAX_DEPTH - 2, 400)):
        message = b'{"role":"user","content":"x","z":' + nested(levels) + b"}"
        status, answer = ask(
            service, "POST", CHAT, b'{"model":"gpt-4o","messages":[' + message + b"]}"
        )
        assert status == expected
    assert f"nested {MAX_DEPTH + 1} levels deep" in answer["error"]["message"]


def test_the_key_that_stands_twice_is_named(service: Service) -> None:
    _, answer = ask(service, "POST", CHAT, chat()[:-1] + b',"n":1,"n":2}')
    assert 'the key "n" twice' in answer["error"]["message"]


def test_integers_beyond_64_bits_are_floats(service: Service) -> None:
    assert parse(b"18446744073709551616") == 2.0**64
    status, answer = ask(service, "POST", CHAT, chat(seed=2**70))
    assert (status, answer["error"]["param"]) == (400, "seed")


def test_refusals_quote_little(service: Service) -> None:
    status, answer = ask(service, "POST", CHAT, chat(model="m" * 9000))
    assert (status, is_refusal(status, answer)) == (404, True)
    assert "characters left out" in answer["error"]["message"]
    refusal = ApiError(400, "x", param="p" * 5000)
    assert len(refusal.body["error"]["param"]) == 200


@pytest.mark.parametrize(
    ("target", "body", "param"),
    [
        ("fine_tuning/jobs", {"model": "m" * 10_001, "training_file": "f"}, "model"),
        (
            "fine_tuning/jobs",
            {
                "model": "m",
                "training_file": "f",
                "integrations": [{"type": "wandb", "wandb": {"project": "p" * 10_001}}],
            },
            "integrations[0].wandb.project",
        ),
        (
            "uploads",
            {"filename": "f" * 10_001, "purpose": "batch", "bytes": 1, "mime_type": "m"},
            "filename",
        ),
        ("fine-tunes", {"training_file": "f" * 10_001}, "training_file"),
        (
            "fine_tuning/alpha/graders/validate",
            {
                "grader": {
                    "type": "string_check",
                    "name": "n" * 10_001,
                    "input": "",
                    "reference": "",
                    "operation": "eq",
                }
            },
            "grader.name",
        ),
    ],
)
def test_what_would_be_kept_is_short(
    service: Service, target: str, body: dict[str, Any], param: str
) -> None:
    status, answer = ask(service, "POST", f"/v1/{target}", json.dumps(body).encode())
    error = answer["error"]
    assert (status, error["param"], error["code"]) == (400, param, "string_above_max_length")


def test_the_log_of_requests_keeps_little() -> None:
    service = Service(seed=0)
    try:
        ask(service, "POST", f"/v1/{'p' * 50_000}?{'a=b&' * 20_000}", chat(model="m" * 1_000_000))
        (record,) = service.control.requests
        assert len(json.dumps(record.to_json())) < 10_000
    finally:
        service.close()


def test_a_request_is_read_once_for_each_choice_and_not_without_end(service: Service) -> None:
    def complete(**members: Any) -> tuple[int, Any]:
        body = {"model": "davinci-002", "prompt": "x"} | members
        return ask(service, "POST", "/v1/completions", json.dumps(body).encode())

    for members, code in (
        ({"prompt": "x" * 4_000_001}, "context_length_exceeded"),
        ({"prompt": "x" * 1_000_000, "n": 21}, "invalid_value"),
        ({"prompt": ["x"] * 17, "n": 128}, "invalid_value"),
        ({"stop": "x" * 1001}, "string_above_max_length"),
    ):
        status, answer = complete(**members)
        assert (status, answer["error"]["code"]) == (400, code)
    assert complete(prompt=["x"] * 16, n=2)[0] == 200
    image = {"type": "image_url", "image_url": {"url": "data:" + "x" * 4_000_001}}
    shown = [{"role": "user", "content": [image]}]
    assert ask(service, "POST", CHAT, chat(messages=shown))[0] == 200


# --- measuring ------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda parts: (
        st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=4), parts, max_size=4)
    ),
)


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def _count(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_count, parts))


def _members(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (len(value) if isinstance(value, dict) else 0) + sum(map(_members, parts))


@given(VALUES, st.integers(1, 9), st.booleans())
def test_a_text_is_measured_as_its_value_would_be(value: Any, chunk: int, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode()
    whole = measure(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_text, "_CHUNK", chunk)
        assert measure(text) == whole
    assert (whole.depth, whole.members) == (_depth(value), _members(value))
    assert whole.values >= _count(value)
    assert parse(text, unique_keys=True) == value
    assert json_text.parse_exactly(text.decode()) == value


@given(st.binary(max_size=60) | st.text('[]{}":,\\0ae.-', max_size=30).map(str.encode))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    try:
        parse(text, unique_keys=True)
    except JsonError:
        pass
    else:
        json.loads(text)


def test_reading_exactly_has_the_same_limits() -> None:
    assert json_text.parse_exactly("9" * 30) == int("9" * 30)
    for text in (nested(101).decode(), "1e400", "Infinity", "9" * 100_000, "[1,"):
        with pytest.raises(JsonError):
            json_text.parse_exactly(text)


def test_a_body_is_parsed_once() -> None:
    request = Request("POST", "/", body=b'{"model":"m"}')
    assert request.json() is request.json()
    assert request.model == "m"
