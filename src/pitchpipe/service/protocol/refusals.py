"""The API's words for what is wrong with a request's body."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pitchpipe.service.http import JSON, ApiError

_TYPES = {
    "string_type": "a string",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "bool_type": "a boolean",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "list_type": "an array",
}
_BOUNDS = {
    "greater_than": ("below", "min", "> {gt}"),
    "greater_than_equal": ("below", "min", ">= {ge}"),
    "less_than": ("above", "max", "< {lt}"),
    "less_than_equal": ("above", "max", "<= {le}"),
}
_SIZES = {
    "string_too_short": ("string too short", "string_below_min_length", "{min_length}"),
    "string_too_long": ("string too long", "string_above_max_length", "{max_length}"),
    "too_short": ("too few items", "array_below_min_length", "{min_length}"),
    "too_long": ("too many items", "array_above_max_length", "{max_length}"),
}


def explain(body: JSON, error: ValidationError, place: str = "") -> ApiError:
    """The refusal of a body, or of an object in it.

    Args:
        body: what was sent.
        error: what is wrong with it; of several things the first is told.
        place: the parameter that it was sent as, "" for the whole body.
    """
    details = [(_dotted(body, detail, place), detail) for detail in error.errors(include_url=False)]
    param = details[0][0]
    detail = min((detail for place, detail in details if place == param), key=_vagueness)
    code, message = _words(detail, param)
    return ApiError(400, message, param=param or None, code=code)


def _vagueness(detail: ErrorDetails) -> int:
    """Which complaint of a union's members helps most: not that "auto" was expected of a 51."""
    if detail["type"] in _BOUNDS or detail["type"] in _SIZES:
        return 0
    if detail["type"] == "literal_error":
        return 1 if isinstance(detail["input"], str) else 3
    return 2


def _words(detail: ErrorDetails, param: str) -> tuple[str, str]:
    kind, found = detail["type"], detail["input"]
    context = detail.get("ctx", {})
    if kind == "missing":
        return "missing_required_parameter", f"Missing required parameter: '{param}'."
    if kind == "extra_forbidden":
        return "unknown_parameter", f"Unknown parameter: '{param}'."
    if kind == "literal_error":
        return "invalid_value", (
            f"Invalid value: {_shown(found)}. Supported values are: {context['expected']}."
        )
    if kind in _BOUNDS:
        side, bound, expected = _BOUNDS[kind]
        number = "integer" if isinstance(found, int) else "decimal"
        return f"{number}_{side}_{bound}_value", (
            f"Invalid '{param}': {number} {side} {bound}imum value. "
            f"Expected a value {expected.format(**context)}, but got {found} instead."
        )
    if kind in _SIZES:
        complaint, code, bound = _SIZES[kind]
        return code, (
            f"Invalid '{param}': {complaint}. The limit is {bound.format(**context)}, "
            f"but got {len(found)} instead."
        )
    if kind == "value_error":
        return "invalid_value", f"Invalid request: {context['error']}."
    expected = _TYPES.get(kind, detail["msg"])
    return "invalid_type", (
        f"Invalid type for '{param}': expected {expected}, but got {_type_name(found)} instead."
    )


def _dotted(body: JSON, detail: ErrorDetails, path: str) -> str:
    """The place in the body, without the names that pydantic gives to a union's members."""
    value: Any = body
    location = detail["loc"]
    for index, part in enumerate(location):
        if isinstance(value, list) and isinstance(part, int) and part < len(value):
            path, value = f"{path}[{part}]", value[part]
        elif isinstance(value, dict) and isinstance(part, str) and part in value:
            path, value = f"{path}.{part}" if path else part, value[part]
        elif detail["type"] == "missing" and index == len(location) - 1:
            path = f"{path}.{part}" if path else str(part)
    return path


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else text[:97] + "..."


def _type_name(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "an integer", float: "a decimal", str: "a string"}
    return names.get(type(value), "an array" if isinstance(value, list) else "an object")
