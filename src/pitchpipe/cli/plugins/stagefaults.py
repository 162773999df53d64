"""What is wrong with a stage class, beyond what keeps it from being registered."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator

from pitchpipe import stages
from pitchpipe.cli.docs import fields_of
from pitchpipe.errors import ConfigError
from pitchpipe.options import read_hints

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def faults(kind: str, name: object, stage: object) -> Iterator[str]:
    """Everything that is wrong with it, a sentence each without its point."""
    contract: type = getattr(stages, kind.capitalize())
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield f"its name is {name!r}; expected lower case, words joined by hyphens"
    if not isinstance(stage, type):
        yield f"{stage!r} was offered; expected a class"
        return
    if not issubclass(stage, contract):
        yield f"{stage.__qualname__} does not extend pitchpipe.stages.{contract.__name__}"
        return
    missing = sorted(getattr(stage, "__abstractmethods__", ()))
    if missing:
        yield f"{stage.__qualname__} lacks {', '.join(missing)}"
    for member in inspect.get_annotations(contract):
        if not hasattr(stage, member):
            yield f"{stage.__qualname__} does not set {member}"
    if not _documented(stage):
        yield f"{stage.__qualname__} has no docstring; its first line is shown in lists"
    yield from _option_faults(kind, stage)


def _option_faults(kind: str, stage: type) -> Iterator[str]:
    parameters = getattr(stage, "__dataclass_params__", None)
    if kind == "learner":
        return  # one object is one model: it has no options, and changes
    if parameters is None or not parameters.frozen:
        yield f"{stage.__qualname__} is not a frozen dataclass; its fields are its options"
    try:
        read_hints(stage)
    except ConfigError as error:
        yield str(error).rstrip(".")
    for field in fields_of(stage):
        if not field.doc:
            yield f"its option {field.name} is not described under Attributes of its docstring"


def _documented(stage: type) -> bool:
    text = vars(stage).get("__doc__")
    # a dataclass without one is given its signature
    own = dataclasses.is_dataclass(stage) and text and text.startswith(f"{stage.__name__}(")
    return bool(text) and not own
