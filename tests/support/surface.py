"""The surface that plugins and programs are built against, as data that can be compared.

``python tests/support/surface.py`` records today's surface, when a release is made.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Iterator
from enum import EnumType
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin

import pitchpipe
from pitchpipe import errors, hookspecs, records, stages
from pitchpipe.cli import VERBS
from pitchpipe.config import Config, StageConfig
from pitchpipe.hooks import specifications
from pitchpipe.plugins import PluginHost

RECORDED = Path(__file__).parents[1] / "evolution" / "surface.json"

Surface = dict[str, dict[str, Any]]
"""What is there, by its path: for what is called its ``parameters`` (name, and whether a value must
be given), for what a class has whether it is ``abstract``."""


def surface() -> Surface:
    """Today's."""
    found = dict(_module("records", records, _public(records)))
    found |= _module("errors", errors, _public(errors))
    found |= _module("stages", stages, stages.__all__)
    found |= _module("pitchpipe", pitchpipe, pitchpipe.__all__)
    found |= _module("hookspecs", hookspecs, ["Register", "hookimpl"])
    for hook, arguments in specifications().items():
        found[f"hook {hook}"] = {}
        found |= {f"hook {hook} {argument}": {} for argument in arguments}
    for registry in PluginHost(entry_points=False).registries:
        found |= {f"{registry.kind} {name}": {} for name in registry.names()}
    found |= {f"command {verb}": {} for verb in VERBS}
    found |= {f"key {key}": {} for key in _keys()}
    return found


def broken(before: Surface, now: Surface) -> list[str]:
    """What whoever is built against ``before`` would trip over in ``now``, in sentences."""
    told = [f"{path} is gone" for path in before if path not in now]
    for path, entry in now.items():
        old = before.get(path)
        if entry.get("abstract") and not (old or {}).get("abstract"):
            told.append(f"{path} is abstract, and was not")
        if old is not None and "parameters" in old:
            told += _broken_call(path, old["parameters"], entry.get("parameters"))
    return sorted(told)


def _broken_call(path: str, before: list[Any], now: list[Any] | None) -> Iterator[str]:
    if now is None:
        yield f"{path} cannot be called any more"
        return
    names = [name for name, _ in now]
    if names[: len(before)] != [name for name, _ in before]:
        yield f"{path} takes {names}, and took {[name for name, _ in before]}"
        return
    optional = {name for name, required in before if not required}
    known = {name for name, _ in before}
    for name, required in now:
        if required and (name in optional or name not in known):
            yield f"{path} must be given {name!r}, which could be left out"


def _module(prefix: str, module: ModuleType, names: list[str]) -> Iterator[tuple[str, Any]]:
    for name in names:
        value = getattr(module, name)
        path = f"{prefix}.{name}"
        yield path, {}
        if isinstance(value, EnumType):
            yield from ((f"{path} {member.value}", {}) for member in value)
        elif isinstance(value, type):
            yield from _class(path, value)
        elif get_origin(value) is not None:
            yield from ((f"{path} {choice}", {}) for choice in get_args(value))


def _class(path: str, cls: type) -> Iterator[tuple[str, Any]]:
    abstract = getattr(cls, "__abstractmethods__", frozenset())
    if not abstract and inspect.isfunction(cls.__init__):
        yield path, {"parameters": _parameters(cls)}
    for name, value in sorted(_members(cls).items()):
        entry: dict[str, Any] = {"abstract": name in abstract}
        if inspect.isroutine(value):
            entry["parameters"] = _parameters(value)
        yield f"{path}.{name}", entry
    if dataclasses.is_dataclass(cls):
        yield from ((f"{path}.{field.name}", {}) for field in dataclasses.fields(cls))


def _members(cls: type) -> dict[str, object]:
    own = {
        name
        for base in cls.__mro__
        if base.__module__.startswith("pitchpipe")
        for name in (*vars(base), *inspect.get_annotations(base))
        if not name.startswith("_")
    }
    return {name: getattr(cls, name, None) for name in own}


def _parameters(function: Any) -> list[tuple[str, bool]]:
    parameters = inspect.signature(function).parameters.values()
    return [(one.name, one.default is one.empty) for one in parameters if one.name != "self"]


def _public(module: ModuleType) -> list[str]:
    own = vars(module).items()
    return [
        name
        for name, value in own
        if not name.startswith("_")
        and (getattr(value, "__module__", None) == module.__name__ or get_origin(value))
    ]


def _keys() -> Iterator[str]:
    for section in dataclasses.fields(Config):
        table = getattr(Config(), section.name)
        if isinstance(table, StageConfig):
            yield f"{section.name}.name"
        else:
            yield from (f"{section.name}.{field.name}" for field in dataclasses.fields(table))


if __name__ == "__main__":
    entries = sorted(surface().items())
    lines = ",\n".join(f"{json.dumps(path)}: {json.dumps(entry)}" for path, entry in entries)
    RECORDED.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
