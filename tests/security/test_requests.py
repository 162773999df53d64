"""Hostile requests to a real server: each is answered well or refused, cheaply, and harms nothing.

What holds after every one of them is in ``tests/support/fuzzing/target.py``: no answer of 500,
every refusal in the vendor's shape, a server that lives and answers, bounded memory and processor
time, a log without a traceback, and, at the end, a whole database and no file outside of the data
folder. ``PITCHPIPE_FUZZ_EXAMPLES`` sets how many examples each test draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import http_bytes, json_text
from fuzzing.budget import examples, fuzz
from fuzzing.routes import BARE, BODIES, FORM, FORMS, Things, form, templates
from fuzzing.target import Target
from fuzzing.wire import request
from pitchpipe.service.control.routes import CONTROL

TEMPLATES = sorted(templates())
API = [name for name in TEMPLATES if not name.partition(" ")[2].startswith(f"/{CONTROL}")]
OF_CONTROL = [name for name in BODIES if name not in API]
OF_API = [name for name in BODIES if name in API]

_TOGETHER = 20
"""Requests after which it is checked once that all is well."""


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """A server that lets everybody in, in whose requests all work is done at once."""
    with Target("--control", "--pace", "immediate") as target:
        yield target
        target.check_growth()


@pytest.fixture(scope="module")
def things(target: Target) -> Things:
    return Things(target)


@pytest.fixture(scope="module")
def locked() -> Iterator[Target]:
    """A server that asks for a key."""
    with Target("--control", "--pace", "immediate", key_file=True) as target:
        yield target
        target.check_growth()


def test_every_request_with_a_body_is_among_those_that_are_made_hostile() -> None:
    posts = {name for name in TEMPLATES if name.startswith("POST ")}
    assert posts == {*BODIES, *FORMS, *BARE}


@pytest.mark.parametrize("name", [*OF_API, *FORMS])
def test_the_requests_are_in_order_before_they_are_made_hostile(
    target: Target, things: Things, name: str
) -> None:
    things.renew()
    method, _, template = name.partition(" ")
    body, path = things.body(name), things.path(template)
    if body is None:
        data = request(method, path, form(FORMS[name]), FORM)
    else:
        data = request(method, path, json_text.text(body))
    (answer,) = target.attack(data)
    # an upload of three bytes is not complete with those that renew() has added
    assert answer.status == (400 if name.endswith("/complete") else 200), answer


@pytest.mark.parametrize("name", OF_API)
def test_every_hostile_value(target: Target, things: Things, name: str) -> None:
    """Each of them at some place of each request; at every place, in a long run."""
    method, _, template = name.partition(" ")
    for turn in range(examples(1, cost=200)):
        things.renew()
        bodies = json_text.spread(things.body(name), turn)
        for some in batched(bodies, _TOGETHER):
            things.renew()
            target.attack(*(request(method, things.path(template), body) for body in some))


def batched(items: Iterable[bytes], size: int) -> Iterator[tuple[bytes, ...]]:
    left = iter(items)
    while some := tuple(islice(left, size)):
        yield some


@fuzz(40)
@given(st.data())
def test_hostile_json(target: Target, things: Things, data: st.DataObject) -> None:
    things.renew()
    name = data.draw(st.sampled_from(OF_API))
    method, _, template = name.partition(" ")
    body = data.draw(json_text.hostile(things.body(name)))
    target.attack(request(method, things.path(template), body))


@fuzz(25)
@given(st.data())
def test_hostile_json_for_the_control_surface(
    target: Target, things: Things, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(OF_CONTROL))
    method, _, template = name.partition(" ")
    body = data.draw(json_text.hostile(BODIES[name]))
    path = template.replace("*", "x")
    target.attack(request(method, path, body))
    # whatever fault was ordered, or clock set, what follows is to fail for faults of its own alone
    for order in (b'{"pace": "immediate"}', b"{}"):
        verb = "transitions" if order != b"{}" else "reset"
        assert target.send(request("POST", f"/{CONTROL}/{verb}", order)).status == 200


@fuzz(40)
@given(st.data())
def test_hostile_names(target: Target, things: Things, data: st.DataObject) -> None:
    things.renew()
    method, _, template = data.draw(st.sampled_from(TEMPLATES)).partition(" ")
    segments = [
        data.draw(http_bytes.SEGMENTS) if part == "*" else part.encode()
        for part in template.split("/")
    ]
    target_bytes = b"/".join(segments) + data.draw(http_bytes.QUERIES)
    body = data.draw(st.just(b"") | json_text.hostile({"part_ids": ["x"], "purpose": "batch"}))
    head = b"%b %b HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
    target.attack_with_bytes([head % (method.encode(), target_bytes, len(body)) + body])


@fuzz(40)
@given(st.data())
def test_hostile_forms(target: Target, things: Things, data: st.DataObject) -> None:
    things.renew()
    name = data.draw(st.sampled_from([*FORMS, "POST /v1/completions"]))
    kind, body = data.draw(http_bytes.forms())
    path = things.path(name.partition(" ")[2])
    target.attack(request("POST", path, body, kind))


def targets() -> st.SearchStrategy[bytes]:
    """What stands in the first line of a request, right or wrong."""
    paths = [name.partition(" ")[2].replace("*", "x").encode() for name in TEMPLATES]
    known = st.sampled_from([*paths, b"/healthz", b"/metrics", b"/"])
    odd = [b"*", b"http://evil.example/v1/files", b"//v1/files", b"/v1/../healthz", b"v1", b"a:1"]
    made = st.tuples(st.sampled_from([b"/v1/", b"/v1/files/", b"/"]), http_bytes.SEGMENTS)
    return st.one_of(
        st.tuples(known, http_bytes.QUERIES).map(b"".join),
        st.sampled_from(odd),
        made.map(b"".join),
    )


@fuzz(100)
@given(st.data())
def test_bytes_that_are_nearly_http(target: Target, data: st.DataObject) -> None:
    sent = data.draw(http_bytes.requests(targets()))
    target.attack_with_bytes(data.draw(http_bytes.pieces(sent)))


@fuzz(30)
@given(st.lists(http_bytes.requests(targets()), min_size=2, max_size=12).map(b"".join), st.data())
def test_requests_behind_one_another(target: Target, sent: bytes, data: st.DataObject) -> None:
    target.attack_with_bytes(data.draw(http_bytes.pieces(sent)))


@fuzz(30)
@given(st.data())
def test_bodies_that_break_off(target: Target, things: Things, data: st.DataObject) -> None:
    things.renew()
    name = data.draw(st.sampled_from([*OF_API, *FORMS]))
    method, _, template = name.partition(" ")
    body = form(FORMS[name]) if name in FORMS else json_text.text(things.body(name))
    kind = FORM if name in FORMS else "application/json"
    whole = request(method, things.path(template), body, kind)
    torn = whole[: data.draw(st.integers(0, len(whole) - 1))]
    target.attack_with_bytes(data.draw(http_bytes.pieces(torn)))


@fuzz(40)
@given(st.data())
def test_nobody_comes_in_without_a_key(locked: Target, data: st.DataObject) -> None:
    sent = data.draw(http_bytes.requests(targets()))
    for answer in locked.attack_with_bytes(data.draw(http_bytes.pieces(sent))):
        healthy = answer.body in (b'{"status":"ok"}', b"")
        assert answer.status >= 400 or (healthy and b"/healthz" in sent), answer
