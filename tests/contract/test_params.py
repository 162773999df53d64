"""That the service takes every parameter that the contract names, and no other."""

from __future__ import annotations

import pytest

from contract import document
from pitchpipe.service.protocol.params import CreateBatch, CreateChat, CreateCompletion, CreateJob


@pytest.mark.parametrize(
    ("schema", "params"),
    [
        ("CreateBatchRequest", CreateBatch),
        ("CreateChatCompletionRequest", CreateChat),
        ("CreateCompletionRequest", CreateCompletion),
        ("CreateFineTuningJobRequest", CreateJob),
    ],
)
def test_it_knows_every_parameter(contract, schema, params):
    schemas = document.load()["components"]["schemas"]
    assert set(params.model_fields) == set(properties(schemas, schemas[schema]))


def properties(schemas, node):
    if "$ref" in node:
        yield from properties(schemas, schemas[node["$ref"].rpartition("/")[2]])
    for member in node.get("allOf", ()):
        yield from properties(schemas, member)
    yield from node.get("properties", ())
