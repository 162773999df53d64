"""Checking bodies at a cost that does not grow with what is wrong in them.

A client is told of the first thing that is wrong, but pydantic notes all of them: without what is
here, an error for each of a million items, each 400 times the size of the item.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

Item = TypeVar("Item")


@dataclass(frozen=True)
class _UpToFirstError:
    """What ``pydantic.FailFast`` is, which cannot be hashed, and so not be part of a union."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)
        if schema["type"] != "list":
            raise TypeError(f"{source} is not a list")
        return cast(CoreSchema, {**schema, "fail_fast": True})


Items = Annotated[list[Item], _UpToFirstError()]
"""A list that is checked up to its first wrong item."""


@dataclass(frozen=True)
class AtMost:
    """The most members of an object, counted before any of them is checked.

    Args:
        members: how many there may be.
    """

    members: int

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """As pydantic asks for it."""
        return core_schema.no_info_before_validator_function(self._count, handler(source))

    def _count(self, value: Any) -> Any:
        if isinstance(value, dict) and len(value) > self.members:
            raise PydanticKnownError(
                "too_long",
                {
                    "field_type": "Dictionary",
                    "max_length": self.members,
                    "actual_length": len(value),
                },
            )
        return value


def without_needless_errors(model: type[BaseModel], value: Any) -> Any:
    """An object without its unknown members but for the first, which is the one told of.

    Args:
        model: knows the others.
        value: whatever was sent in the place of one.
    """
    known = model.model_fields
    if not isinstance(value, dict) or len(value) <= len(known):
        return value
    unknown = next((name for name in value if name not in known), None)
    return {name: item for name, item in value.items() if name in known or name == unknown}
