"""Requests made from the contract, right and wrong: none of them makes the service fail."""

from __future__ import annotations

from copy import deepcopy

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from requests import Session
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from contract import document
from contract.amendments import CHUNK, amended
from pitchpipe.service.server.loopback import serve
from recipes import GOOD
from world import World

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 15


def told(loaded):
    """The contract with what it leaves unsaid: errors, streams, and what a file's content is."""
    whole = deepcopy(loaded)
    whole["servers"] = [{"url": "/v1"}]
    whole["components"]["schemas"] = amended(whole["components"]["schemas"])
    refusal = {
        "description": "",
        "content": {"application/json": {"schema": reference("ErrorResponse")}},
    }
    for template, item in whole["paths"].items():
        for operation in item.values():
            operation["responses"]["4XX"] = refusal
            good = operation["responses"]["200"]["content"]
            if template.endswith("/content"):
                good["application/octet-stream"] = {"schema": {}}
            if template == "/completions":
                good["text/event-stream"] = {"schema": reference(CHUNK)}
    return whole


def reference(name):
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.fixture(scope="module")
def things(contract):
    """A service that holds one of everything, and the names by parameter."""
    world = World(contract)
    known = {
        "batch_id": [world.batch(), world.batch(3)],
        "file_id": [world.file(), world.file(b"\xff", "evals")],
        "fine_tuning_job_id": [world.job(), world.job(1), world.job(20)],
        "model": [world.tuned(), "babbage-002", "gpt-4o-mini"],
        "fine_tuned_model_checkpoint": [world.checkpoint()],
        "input_file_id": [world.file(b"{}", "batch")],
    }
    known["endpoint"] = ["/v1/completions", "/v1/chat/completions"]
    known["training_file"] = known["validation_file"] = known["file_id"]
    yield world.service, known
    world.service.close()


@pytest.fixture(scope="module")
def schema(contract):
    return schemathesis.openapi.from_dict(told(document.load()))


@pytest.fixture(scope="module")
def ask(things):
    """Asks the service on loopback: schemathesis's own client of applications leaves a thread."""
    with serve(things[0]) as url, Session() as session:
        yield lambda case: case.call_and_validate(base_url=url, session=session, checks=CHECKS)


def requests(operation, known):
    """Requests as the contract allows them, and others; half of them name what there is."""
    modes = [GenerationMode.POSITIVE]
    if operation.body or operation.query:
        modes.append(GenerationMode.NEGATIVE)

    def with_names(drawn):
        case, names = drawn
        for place in (case.path_parameters, case.body):
            if isinstance(place, dict) and names:
                place.update({name: value for name, value in names.items() if name in place})
        return case

    names = st.fixed_dictionaries({name: st.sampled_from(ids) for name, ids in known.items()})
    cases = st.one_of([operation.as_strategy(mode) for mode in modes])
    return st.tuples(cases, st.none() | names).map(with_names)


@pytest.mark.parametrize("operation_id", GOOD)
def test_no_request_makes_it_fail(schema, things, ask, operation_id):
    operation = schema.find_operation_by_id(operation_id)

    @settings(
        max_examples=EXAMPLES,
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    )
    @given(requests(operation, things[1]))
    def run(case):
        ask(case)

    run()
