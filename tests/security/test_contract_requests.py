"""Requests made from the API's contract, right and wrong, to a real server.

Whether the answers fit the contract is checked in ``tests/contract/test_schemathesis.py``; what
holds here after every request is in ``tests/support/fuzzing/target.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import given
from requests import Session

from contract import document
from contract.requests import requests, told
from fuzzing.budget import fuzz
from fuzzing.routes import Things
from fuzzing.target import Target
from fuzzing.verdicts import complaints
from fuzzing.wire import Answer
from recipes import GOOD


@pytest.fixture(scope="module")
def schema() -> Any:
    loaded = document.load()
    if loaded is None:
        pytest.skip(f"no contract at {document.path()}; {document.VARIABLE} may name it")
    return schemathesis.openapi.from_dict(told(loaded))


@pytest.fixture(scope="module")
def target(schema: Any) -> Iterator[Target]:
    """A server in whose requests all work is done at once."""
    with Target("--pace", "immediate") as target:
        yield target
        target.check_growth()


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session() as session:
        yield session


@pytest.mark.parametrize("operation_id", GOOD)
def test_no_operation_harms_the_server(
    schema: Any, target: Target, session: Session, operation_id: str
) -> None:
    ids = Things(target).renew()
    known = {
        "batch_id": [ids["BATCH"]],
        "file_id": [ids["FILE"], ids["BATCH_FILE"]],
        "training_file": [ids["FILE"]],
        "input_file_id": [ids["BATCH_FILE"]],
        "fine_tuning_job_id": [ids["JOB"]],
        "model": [ids["MODEL"], "babbage-002", "gpt-4o-mini"],
        "fine_tuned_model_checkpoint": [ids["CHECKPOINT"]],
        "upload_id": [ids["UPLOAD"]],
    }

    @fuzz(2, cost=20)
    @given(requests(schema.find_operation_by_id(operation_id), known))
    def run(case: Any) -> None:
        with target.attacked() as url:
            got = case.call(base_url=f"{url}/v1", session=session)
            headers = {name: values[0] for name, values in got.headers.items()}
            assert complaints(Answer(got.status_code, headers, got.content)) == []

    run()
