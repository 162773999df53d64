"""Requests that are in order, one after another, for names that are not: of another kind, or gone.

What the service should answer to each is in ``tests/service/test_stateful.py``; here nothing may
break, whatever is asked for in whatever order.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import json_text
from fuzzing.budget import fuzz
from fuzzing.routes import FORM, FORMS, Things, form, templates
from fuzzing.target import Target
from fuzzing.wire import request
from pitchpipe.service.control.routes import CONTROL

# what the control surface does to the clock or the seed is no matter of order
NAMES = sorted(name for name in templates() if f" /{CONTROL}/" not in name)
ABSENT = ("file-none", "ftjob-none", "batch_none", "upload_none", "ft:babbage-002:x::none", "none")


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """A server in whose requests all work is done at once."""
    with Target("--pace", "immediate") as target:
        yield target
        target.check_growth()


@pytest.fixture(scope="module")
def things(target: Target) -> Things:
    return Things(target)


@st.composite
def steps(draw: st.DrawFn, known: list[str]) -> tuple[str, list[str], bool]:
    """A method and template, the names to be put there, and whether those of the body change."""
    name = draw(st.sampled_from(NAMES))
    wanted = st.sampled_from([*known, *ABSENT, known[0].upper(), known[0] + "x", known[0][:-1]])
    return name, [draw(wanted) for _ in range(name.count("*"))], draw(st.booleans())


@fuzz(20, cost=3)
@given(st.data())
def test_any_order(target: Target, things: Things, data: st.DataObject) -> None:
    ids = things.renew()
    known = sorted(ids.values())
    asked = []
    for name, names, mixed in data.draw(st.lists(steps(known), min_size=1, max_size=12)):
        method, _, template = name.partition(" ")
        for given_name in names:
            template = template.replace("*", quote(given_name, safe=""), 1)
        body = things.body(name)
        if name in FORMS:
            asked.append(request(method, template, form(FORMS[name]), FORM))
        elif body is None:
            asked.append(request(method, template))
        else:
            content = json_text.text(body)
            if mixed:
                content = content.replace(ids["FILE"].encode(), ids["JOB"].encode())
            asked.append(request(method, template, content))
    target.attack(*asked)
