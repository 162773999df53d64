"""Requests made from the contract, right and wrong: none of them makes the service fail."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import given
from requests import Session
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from contract import document
from contract.requests import requests, told
from fuzzing.budget import fuzz
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


@pytest.mark.parametrize("operation_id", GOOD)
def test_no_request_makes_it_fail(schema, things, ask, operation_id):
    operation = schema.find_operation_by_id(operation_id)

    @fuzz(EXAMPLES, cost=10)
    @given(requests(operation, things[1]))
    def run(case):
        ask(case)

    run()
