"""Graders as clients define them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ValidationError

from pitchpipe.service.graders.errors import DefinitionError
from pitchpipe.service.graders.grading import Grader, build, named
from pitchpipe.service.http import JSON, ApiError
from pitchpipe.service.protocol.bounded import Items
from pitchpipe.service.protocol.params import Params, Text
from pitchpipe.service.protocol.refusals import explain


class _Named(Params):
    name: str


class _StringCheck(_Named):
    type: Literal["string_check"]
    input: Text
    reference: Text
    operation: Literal["eq", "ne", "like", "ilike"]


class _TextSimilarity(_Named):
    type: Literal["text_similarity"]
    input: Text
    reference: Text
    evaluation_metric: Literal[
        "fuzzy_match",
        "bleu",
        "gleu",
        "meteor",
        "rouge_1",
        "rouge_2",
        "rouge_3",
        "rouge_4",
        "rouge_5",
        "rouge_l",
    ]
    pass_threshold: float | None = None


class _Multi(Params):
    type: Literal["multi"]
    name: str | None = None
    graders: JSON | Items[JSON]
    calculate_output: str


_KINDS: dict[str, type[Params]] = {
    "string_check": _StringCheck,
    "text_similarity": _TextSimilarity,
    "multi": _Multi,
}
_SINGLE = ("string_check", "text_similarity")
_REFUSED = {
    "python": "it would run a client's code on this machine",
    "score_model": "there is no language model here to judge answers",
    "label_model": "there is no language model here to judge answers",
}


def check_grader(definition: Any, place: str) -> Grader:
    """The grader that a client defined.

    Args:
        definition: as sent.
        place: the parameter that it was sent as.

    Raises:
        ApiError: it is wrong, or of a kind that this service does not run; names the field.
    """
    if _kind(definition, place, tuple(_KINDS)) == "multi":
        _check_fields(definition, place)
        try:
            parts = named(definition["graders"])
        except DefinitionError as error:
            raise _refusal(place, error) from None
        for where, part in parts.values():
            _kind(part, f"{place}.{where}", _SINGLE)
            _checked(part, f"{place}.{where}")
    return _checked(definition, place)


def _checked(definition: JSON, place: str) -> Grader:
    _check_fields(definition, place)
    grader = build(definition)
    try:
        grader.check()
    except DefinitionError as error:
        raise _refusal(place, error) from None
    return grader


def _kind(definition: Any, place: str, known: tuple[str, ...]) -> str:
    """Its type, if that is known."""
    if not isinstance(definition, dict):
        raise ApiError(
            400,
            f"Invalid type for '{place}': expected an object.",
            param=place,
            code="invalid_type",
        )
    param = f"{place}.type"
    if "type" not in definition:
        raise ApiError(
            400,
            f"Missing required parameter: '{param}'.",
            param=param,
            code="missing_required_parameter",
        )
    kind = definition["type"]
    shown = ", ".join(f"'{name}'" for name in known)
    if isinstance(kind, str) and kind in _REFUSED:
        raise ApiError(
            400,
            f"Invalid '{param}': this service runs no '{kind}' grader, because {_REFUSED[kind]}. "
            f"Supported values are: {shown}.",
            param=param,
            code="unsupported_value",
        )
    if kind not in known:
        nested = " A multi grader cannot be inside another." if kind == "multi" else ""
        raise ApiError(
            400,
            f"Invalid value for '{param}': {kind!r}. Supported values are: {shown}.{nested}",
            param=param,
            code="invalid_value",
        )
    return str(kind)


def _check_fields(definition: JSON, place: str) -> None:
    param = f"{place}.evaluation_metric"
    if definition.get("evaluation_metric") == "cosine":
        raise ApiError(
            400,
            f"Invalid '{param}': 'cosine' compares embeddings and is for evals only; "
            "for fine-tuning, use another metric, such as 'fuzzy_match'.",
            param=param,
            code="unsupported_value",
        )
    try:
        _KINDS[definition["type"]].model_validate(definition)
    except ValidationError as error:
        raise explain(definition, error, place) from None


def _refusal(place: str, error: DefinitionError) -> ApiError:
    param = f"{place}.{error.param}"
    return ApiError(400, f"Invalid '{param}': {error.message}", param=param, code="invalid_value")
