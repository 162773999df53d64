"""Values from a file or the command line, checked against a dataclass's type hints."""

from __future__ import annotations

import dataclasses
import difflib
import json
import typing
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError

from pitchpipe.errors import ConfigError

T = TypeVar("T")


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


@cache
def _adapters(cls: type) -> dict[str, TypeAdapter[Any]]:
    hints = _hints(cls)
    strict = ConfigDict(strict=True, arbitrary_types_allowed=True)
    return {
        field.name: TypeAdapter(
            hints[field.name],
            config=None if dataclasses.is_dataclass(hints[field.name]) else strict,
        )
        for field in (dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ())
        if field.init
    }


def read_hints(cls: type, path: str = "") -> tuple[dict[str, Any], dict[str, TypeAdapter[Any]]]:
    """The type hints of a class, and what checks a value against each that a user may set.

    Raises:
        ConfigError: a hint names what its module does not know, or is no type.
    """
    try:
        return _hints(cls), _adapters(cls)
    except NameError as error:
        raise ConfigError(
            f"{path or cls.__name__}: a type hint of {cls.__qualname__} is unknown: {error}; "
            "its module must import what they name."
        ) from None
    except (TypeError, PydanticUserError) as error:
        raise ConfigError(
            f"{path or cls.__name__}: a type hint of {cls.__qualname__} cannot be read: {error}"
        ) from None


def build(cls: type[T], values: Mapping[str, Any], path: str) -> T:
    """An instance of a dataclass from a mapping.

    Fields that are dataclasses themselves are built from nested mappings. Nothing is coerced but
    an integer where a float is wanted and an array where a tuple is.

    Args:
        cls: the dataclass.
        values: its fields' values; fields left out keep their defaults.
        path: the dotted path of ``values`` in the user's file, "" at the top.

    Raises:
        ConfigError: a key is unknown, missing or of the wrong type; names its path.
    """
    kind: type = cls
    hints, adapters = read_hints(kind, path)
    checked: dict[str, Any] = {}
    for key, value in values.items():
        where = f"{path}.{key}" if path else key
        if key not in adapters:
            close = difflib.get_close_matches(key, adapters, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            known = ", ".join(adapters) or "none"
            raise ConfigError(f"{where}: unknown key.{hint} Known here: {known}.")
        hint_type = hints[key]
        if dataclasses.is_dataclass(hint_type) and isinstance(hint_type, type):
            if not isinstance(value, Mapping):
                raise ConfigError(f"{where}: expected a table, found {value!r}.")
            checked[key] = build(hint_type, value, where)
            continue
        try:
            checked[key] = adapters[key].validate_json(json.dumps(value), strict=True)
        except ValidationError as error:
            raise ConfigError(_explain(where, value, error)) from None
        except (TypeError, ValueError):
            raise ConfigError(f"{where}: {value!r} is not a value this key can take.") from None
    try:
        return cls(**checked)
    except TypeError as error:
        raise ConfigError(f"{path or cls.__name__}: {error}.") from None
    except ValueError as error:
        raise ConfigError(f"{path or cls.__name__}: {error}") from None


def _explain(where: str, value: Any, error: ValidationError) -> str:
    problems = error.errors()
    for step in problems[0]["loc"]:
        # the other steps are names that pydantic gives to the members of a union
        if isinstance(value, Mapping) and step in value:
            where, value = f"{where}.{step}", value[step]
        elif isinstance(value, Sequence) and isinstance(step, int) and step < len(value):
            where, value = f"{where}[{step}]", value[step]
    expected = " or ".join(dict.fromkeys(e["msg"].removeprefix("Input ") for e in problems))
    return f"{where}: {expected}; found {value!r}."
