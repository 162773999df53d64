"""Requests made from the contract, right and wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st
from schemathesis import GenerationMode

from contract.amendments import CHUNK, amended


def told(loaded: Any) -> Any:
    """The contract with what it leaves unsaid: errors, streams, and what a file's content is."""
    whole = deepcopy(loaded)
    whole["servers"] = [{"url": "/v1"}]
    whole["components"]["schemas"] = amended(whole["components"]["schemas"])
    refusal = {
        "description": "",
        "content": {"application/json": {"schema": _reference("ErrorResponse")}},
    }
    for template, item in whole["paths"].items():
        for operation in item.values():
            operation["responses"]["4XX"] = refusal
            good = operation["responses"]["200"]["content"]
            if template.endswith("/content"):
                good["application/octet-stream"] = {"schema": {}}
            if template == "/completions":
                good["text/event-stream"] = {"schema": _reference(CHUNK)}
    return whole


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def requests(operation: Any, known: Mapping[str, Sequence[str]]) -> st.SearchStrategy[Any]:
    """Requests as the contract allows them, and others; half of them name what there is."""
    modes = [GenerationMode.POSITIVE]
    if operation.body or operation.query:
        modes.append(GenerationMode.NEGATIVE)

    def with_names(drawn: Any) -> Any:
        case, names = drawn
        for place in (case.path_parameters, case.body):
            if isinstance(place, dict) and names:
                place.update({name: value for name, value in names.items() if name in place})
        return case

    names = st.fixed_dictionaries({name: st.sampled_from(ids) for name, ids in known.items()})
    cases = st.one_of([operation.as_strategy(mode) for mode in modes])
    return st.tuples(cases, st.none() | names).map(with_names)
