"""The contract file, read as JSON Schema 2020-12, which is what OpenAPI 3.1 means.

The file says 3.1 and still has words of 3.0, which are read as 3.0 meant them:

- ``nullable: true`` adds null to its schema, whatever the schema says of types or values. As the
  only word of a member of ``allOf`` it stands for the whole ``allOf``: alone it would say nothing.
- ``exclusiveMinimum: true`` and ``exclusiveMaximum: true`` make the limit beside them exclusive.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import yaml

VARIABLE = "PITCHPIPE_CONTRACT"
_BESIDE = "../shared/contract/openai-openapi-subset.yaml"
_ROOT = Path(__file__).parents[3]
_ANNOTATIONS = {"description", "title", "deprecated"}

JSON = dict[str, Any]


def path() -> Path:
    """Where the contract file is, if it is there."""
    return Path(os.environ.get(VARIABLE) or _ROOT / _BESIDE)


@cache
def load() -> JSON | None:
    """The contract as an OpenAPI document in words of 3.1 alone, None where there is no file."""
    if not path().is_file():
        return None
    document = modern(yaml.load(path().read_bytes(), yaml.CSafeLoader))
    assert isinstance(document, dict)
    return document


def modern(node: Any) -> Any:
    """A part of an OpenAPI document without the words of 3.0."""
    if isinstance(node, list):
        return [modern(item) for item in node]
    if not isinstance(node, dict):
        return node
    nullable = node.get("nullable") is True or any(
        isinstance(member, dict) and set(member) - _ANNOTATIONS == {"nullable"}
        for member in node.get("allOf", ())
    )
    schema = {key: modern(value) for key, value in node.items() if key != "nullable"}
    if "allOf" in node:
        schema["allOf"] = [
            modern(member) for member in node["allOf"] if set(member) - _ANNOTATIONS - {"nullable"}
        ]
    for word, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if schema.get(word) is True:
            schema[word] = schema.pop(limit)
    return {"anyOf": [schema, {"type": "null"}]} if nullable else schema
