"""That the service takes every parameter that the contract names, no other, and tells of each."""

from __future__ import annotations

import re
from pathlib import Path

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


# --- the page of parameters ---

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "parameters.md"
SECTIONS = {
    "Chat completions": ["CreateChatCompletionRequest"],
    "Completions": ["CreateCompletionRequest"],
    "Fine-tuning jobs": ["CreateFineTuningJobRequest"],
    "Batches": ["CreateBatchRequest"],
    "Files": ["CreateFileRequest"],
    "Uploads": ["CreateUploadRequest", "AddUploadPartRequest", "CompleteUploadRequest"],
}
WORDS = ("honoured", "no effect", "refused", "as for chat completions")


def rows(section: str) -> list[tuple[set[str], str]]:
    """The parameters of each line of a section's table, and what is said of them."""
    (text,) = re.findall(rf"^## {section}$(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S)
    cells = [line.strip("| ").split(" | ", 1) for line in text.splitlines() if "`" in line]
    return [(set(re.findall(r"`(\w+)`", cell[0])), cell[1]) for cell in cells if len(cell) == 2]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_parameter_is_on_the_page_once(contract, section):
    schemas = document.load()["components"]["schemas"]
    wanted = {name for key in SECTIONS[section] for name in properties(schemas, schemas[key])}
    told = [name for names, _ in rows(section) for name in names]
    assert set(told) >= wanted
    if section != "Fine-tuning jobs":  # which tells of those within a method too
        assert sorted(told) == sorted(wanted)


@pytest.mark.parametrize("section", SECTIONS)
def test_of_each_it_is_said_what_becomes_of_it(section):
    assert rows(section)
    for names, said in rows(section):
        assert any(word in said for word in WORDS), (names, said)
