"""What docstrings say about the fields of a dataclass."""

from __future__ import annotations

import dataclasses
import inspect
import re
from dataclasses import dataclass

_NAME = re.compile(r"    (\w+): (.*)")


@dataclass(frozen=True)
class Field:
    """One field: an option of a stage, or a key of the configuration.

    Attributes:
        name: its name.
        type: its type, as the source has it.
        default: its value when it is not set.
        required: whether it has no default.
        doc: what it is for.
    """

    name: str
    type: str
    default: object
    required: bool
    doc: str


def fields_of(cls: type) -> list[Field]:
    """The fields of a dataclass with their documentation; none for other classes."""
    if not dataclasses.is_dataclass(cls):
        return []
    described: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        described |= _attributes(base.__doc__ or "")
    return [
        Field(
            name=field.name,
            type=field.type
            if isinstance(field.type, str)
            else inspect.formatannotation(field.type),
            default=_default(field),
            required=_default(field) is dataclasses.MISSING,
            doc=described.get(field.name, ""),
        )
        for field in dataclasses.fields(cls)
    ]


def summary_of(cls: type) -> str:
    """The first line of a class's own documentation."""
    return (inspect.cleandoc(cls.__doc__ or "").splitlines() or [""])[0]


def documentation_of(cls: type) -> str:
    """A class's own documentation, without the part that describes its fields."""
    text, _, _ = inspect.cleandoc(cls.__doc__ or "").partition("Attributes:\n")
    return text.strip()


def options_of(cls: type) -> list[dict[str, object]]:
    """The options of a stage, in JSON types but for their defaults."""
    return [
        {
            "name": field.name,
            "type": field.type,
            "default": None if field.required else field.default,
            "required": field.required,
            "doc": field.doc,
        }
        for field in fields_of(cls)
    ]


def options_text(options: list[dict[str, object]]) -> str:
    """Options as ``options_of`` gives them, one under the other."""
    lines = []
    for option in options:
        default = "required" if option["required"] else f"default {option['default']!r}"
        lines.append(f"  {option['name']}: {option['type']}, {default}")
        if option["doc"]:
            lines.append(f"      {option['doc']}")
    return "\n".join(lines)


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    _, _, section = inspect.cleandoc(text).partition("Attributes:\n")
    for line in section.splitlines():
        if line and not line.startswith(" "):
            break
        begun = _NAME.fullmatch(line)
        if begun:
            name = begun[1]
            found[name] = begun[2]
        elif name and line.strip():
            found[name] += f" {line.strip()}"
    return found


def _default(field: dataclasses.Field[object]) -> object:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default
