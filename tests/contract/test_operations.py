"""Every operation of the contract, answered well and badly."""

from __future__ import annotations

import pytest

from contract.amendments import AMENDMENTS
from contract.checker import Contract
from contract.document import load
from pitchpipe.service.control.refusing import Status
from recipes import BAD, GOOD
from world import World


def cases(recipes):
    return [
        (f"{operation}-{number}", case)
        for operation, asked in recipes.items()
        for number, case in enumerate(asked)
    ]


@pytest.mark.parametrize(("name", "case"), cases(GOOD))
def test_it_answers_as_the_contract_says(world, name, case):
    answer = case(world)
    assert (answer.status, answer.complaints) == (200, []), answer.body


@pytest.mark.parametrize(("name", "case"), cases(BAD))
def test_it_refuses_as_the_contract_says(world, name, case):
    answer = case(world)
    assert answer.status in range(400, 500)
    assert answer.complaints == []


def test_no_operation_is_left_out(contract):
    for recipes in (GOOD, BAD):
        assert set(recipes) == {operation.id for operation in contract.operations}
    assert [operation for operation, asked in BAD.items() if not asked] == ["listModels"]


@pytest.mark.parametrize("operation", GOOD)
def test_every_operation_fails_as_the_contract_says(world, operation):
    names = ("x",) * sum(part == "{" for part in world.template(operation))
    world.service.control.faults.add(Status(status=429, retry_after=2))
    limited = world.ask(operation, *names)
    assert (limited.status, limited.complaints) == (429, [])
    assert int(limited.headers["retry-after"]) >= 1
    world.service.close()
    closed = world.ask(operation, *names)
    assert (closed.status, closed.complaints) == (503, [])


@pytest.mark.parametrize("amendment", AMENDMENTS, ids=lambda amendment: amendment.place[0])
def test_every_amendment_is_needed(contract, amendment):
    strict = World(Contract(load(), [other for other in AMENDMENTS if other != amendment]))
    complaints = [case(strict).complaints for _, case in cases(GOOD)]
    strict.service.close()
    assert any(complaints)
