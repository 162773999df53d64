"""Texts with variables: ``{{ item.label }}``, ``{{ sample.output_tools[0].function.name }}``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pitchpipe.service.graders.errors import DefinitionError, GradingError
from pitchpipe.service.graders.samples import VARIABLES

_HOLE = re.compile(r"\{\{([^{}]*)\}\}")
_PART = re.compile(r"""\s*(?:\.\s*([\w-]+)|\[\s*(\d{1,9})\s*\]|\[\s*(["'])(.*?)\3\s*\])""")
_LONGEST = 10_000_000  # characters of a filled text
_MAX_LENGTH = 100_000  # characters of a template
_MAX_VARIABLES = 1000
_NAMESPACES = ("item", "sample")

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Template:
    """A text in which each ``{{ namespace.path }}`` stands for a value.

    A namespace is ``item`` or ``sample``; a path goes by ``.name``, ``[0]`` and ``["name"]``.
    Strings are put in as they are, all else as JSON.

    Args:
        text: with any number of variables.
    """

    text: str

    @cached_property
    def _pieces(self) -> tuple[str | Path, ...]:
        """Literal texts at even places, paths at odd ones."""
        return tuple(
            _path(piece) if place % 2 else piece
            for place, piece in enumerate(_HOLE.split(self.text))
        )

    def check(self, param: str) -> None:
        """Whether it can be filled at all.

        Args:
            param: the field that holds it.

        Raises:
            DefinitionError: a variable is none, or the text is longer or has more of them than a
                template may.
        """
        if len(self.text) > _MAX_LENGTH:
            raise DefinitionError(
                param,
                f"the template has {len(self.text)} characters; at most {_MAX_LENGTH} are allowed.",
            )
        if self.text.count("{{") > _MAX_VARIABLES:
            raise DefinitionError(param, f"the template has more than {_MAX_VARIABLES} variables.")
        try:
            pieces = self._pieces
        except ValueError as error:
            raise DefinitionError(param, str(error)) from None
        if any(isinstance(piece, str) and "{{" in piece for piece in pieces):
            raise DefinitionError(param, "a variable that '{{' opens is not closed by '}}'.")

    def paths(self, namespace: str) -> Iterator[Path]:
        """The paths that it takes from a namespace."""
        for piece in self._pieces:
            if not isinstance(piece, str) and piece[0] == namespace:
                yield piece

    def fill(self, values: Mapping[str, Any]) -> str:
        """The text, with values in the places of variables.

        Args:
            values: of each namespace.

        Raises:
            GradingError: there is no value of that path, or the text would be beyond bounds.
        """
        texts = []
        size = 0
        for piece in self._pieces:
            texts.append(piece if isinstance(piece, str) else _shown(find(values, piece)))
            size += len(texts[-1])
            if size > _LONGEST:
                raise GradingError("other_error", f"a text is longer than {_LONGEST} characters.")
        return "".join(texts)


def find(values: Mapping[str, Any], path: Path) -> Any:
    """The value that a path leads to.

    Raises:
        GradingError: it leads nowhere; says where it ends.
    """
    value: Any = values
    for depth, part in enumerate(path):
        if not (
            part in value
            if isinstance(part, str) and isinstance(value, Mapping)
            else isinstance(part, int) and isinstance(value, list) and part < len(value)
        ):
            raise _missing(path, depth)
        value = value[part]
    return value


def _missing(path: Path, depth: int) -> GradingError:
    if path[:2] == ("sample", "output_json") and depth == 1:
        return GradingError("sample_parse_error", f"'{_dotted(path)}': the sample is not JSON.")
    return GradingError(
        "invalid_variable_error",
        f"'{_dotted(path)}', but '{_dotted(path[:depth])}' has no {path[depth]!r}.",
    )


def _path(text: str) -> Path:
    expression = text.strip()
    name = expression.partition(".")[0].partition("[")[0].strip()
    if name not in _NAMESPACES:
        raise ValueError(
            f"'{{{{{text}}}}}': unknown namespace '{name}'; expected 'item' or 'sample'."
        )
    path: list[str | int] = [name]
    at = len(name)
    while at < len(expression):
        part = _PART.match(expression, at)
        if part is None:
            raise ValueError(
                f"'{{{{{text}}}}}': cannot be read from '{expression[at:]}' on; expected "
                "'.name', '[0]' or '[\"name\"]'."
            )
        named, index, _, quoted = part.groups()
        path.append(int(index) if index else named or quoted)
        at = part.end()
    if len(path) == 1:
        raise ValueError(
            f"'{{{{{text}}}}}': a variable is missing; expected '{{{{ {name}.field }}}}'."
        )
    if name == "sample" and path[1] not in VARIABLES:
        raise ValueError(
            f"'{{{{{text}}}}}': a sample has no '{path[1]}'; it has {', '.join(VARIABLES)}."
        )
    return tuple(path)


def _dotted(path: Path) -> str:
    first, *rest = path
    return str(first) + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in rest)


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
