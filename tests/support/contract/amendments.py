"""Where the API is known to answer otherwise than its contract says, and we like the API."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

JSON = dict[str, Any]


@dataclass(frozen=True)
class Amendment:
    """What is allowed beyond the contract.

    Attributes:
        place: the names that lead to a schema from ``components.schemas``; "anyOf/0" and the like
            count as one name each.
        allows: a schema; what it allows is allowed there too.
        reason: why we do it.
    """

    place: tuple[str, ...]
    allows: JSON
    reason: str

    def apply(self, schemas: JSON) -> None:
        """Changes the schemas."""
        *way, last = self.place
        parent: Any = schemas
        for name in way:
            parent = parent[int(name)] if isinstance(parent, list) else parent[name]
        present = parent.get(last)
        parent[last] = self.allows if present is None else {"anyOf": [present, self.allows]}


_SINGLE_GRADER = {
    "anyOf": [
        {"$ref": "#/components/schemas/GraderStringCheck"},
        {"$ref": "#/components/schemas/GraderTextSimilarity"},
    ]
}

AMENDMENTS = (
    Amendment(
        ("FineTuningJob", "properties", "status"),
        {"const": "paused"},
        "pausing is in the contract, the status it leads to is not; clients report 'paused'",
    ),
    Amendment(
        ("OpenAIFile", "properties", "purpose"),
        {"const": "evals"},
        "the contract lets a file be uploaded for evals, and knows no such file afterwards",
    ),
    Amendment(
        ("GraderMulti", "properties", "graders"),
        {
            "anyOf": [
                {"type": "object", "additionalProperties": _SINGLE_GRADER},
                {"type": "array", "items": _SINGLE_GRADER},
            ]
        },
        "a formula over several graders needs several: the vendor's guide has them by name",
    ),
)
"""All of them; each is shown to be needed by a test."""

CHUNK = "CompletionChunk"
"""A piece of a streamed completion, which the contract describes in words only."""


def amended(schemas: JSON, amendments: Iterable[Amendment] = AMENDMENTS) -> JSON:
    """A copy of the contract's schemas with the amendments, and with a schema for chunks."""
    schemas = deepcopy(schemas)
    chunk = schemas[CHUNK] = deepcopy(schemas["CreateCompletionResponse"])
    choice = chunk["properties"]["choices"]["items"]["properties"]
    for place, name in ((choice, "finish_reason"), (chunk["properties"], "usage")):
        # null until the last chunk
        place[name] = {"anyOf": [place[name], {"type": "null"}]}
    for amendment in amendments:
        amendment.apply(schemas)
    return schemas
