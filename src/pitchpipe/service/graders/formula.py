"""Formulas over the scores of graders, such as ``0.8 * label + min(0.2, tone)``."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pitchpipe.service.graders.errors import DefinitionError, GradingError

_LENGTH = 2000  # characters
_SHOWN = 80  # characters of a part in a message
_DEPTH = 100  # of nested operations: the evaluator's own calls are nested as deeply
_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: math.pow,
}
_OF_ONE: Mapping[str, Callable[[float], float]] = {
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "log": math.log,
}
_OF_MANY: Mapping[str, Callable[[Iterable[float]], float]] = {"min": min, "max": max}
_KNOWN = "+ - * / ^ and min, max, abs, floor, ceil, exp, sqrt, log"


@dataclass(frozen=True)
class Formula:
    """Numbers, names, ``+ - * / ^`` (power), parentheses and functions.

    The functions are ``min`` and ``max`` of one or more, ``abs``, ``floor``, ``ceil``, ``exp``,
    ``sqrt`` and ``log`` (natural) of one number. It is read as Python's grammar reads it and worked
    out by walking over what was read; nothing of it is ever run. All numbers are floats.

    Args:
        text: at most 2,000 characters, nested at most 100 deep.
    """

    text: str

    @cached_property
    def _tree(self) -> ast.expr:
        if len(self.text) > _LENGTH:
            raise _refusal(f"it has {len(self.text)} characters; at most {_LENGTH} are allowed")
        if "**" in self.text:
            raise _refusal("'**' is not known; the power is '^'")
        try:
            return ast.parse(_python(self.text), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            reason = error.msg if isinstance(error, SyntaxError) else str(error)
            raise _refusal(f"it cannot be read: {reason}") from None

    def check(self, names: Collection[str]) -> None:
        """Whether it can be worked out.

        Args:
            names: that have a value.

        Raises:
            DefinitionError: it is none, or uses what is not known.
        """
        for name in self._names(self._tree, _DEPTH):
            if name not in names:
                raise _refusal(f"no grader is called '{name}'; there are {', '.join(names)}")

    def value(self, scores: Mapping[str, float]) -> float:
        """What it comes to.

        Args:
            scores: of each name.

        Raises:
            GradingError: a division by zero, a logarithm of nothing, or a result that is not
                finite.
        """
        try:
            value = float(_value(self._tree, scores))
        except (ArithmeticError, ValueError) as error:
            raise GradingError("other_error", f"calculate_output: {error}.") from None
        if not math.isfinite(value):
            raise GradingError("other_error", "calculate_output: the result is not finite.")
        return value

    def _names(self, node: ast.expr, depth: int) -> Iterator[str]:
        """The names of scores in a formula all of which is allowed."""
        if depth == 0:
            raise _refusal(f"it is nested deeper than {_DEPTH}")
        match node:
            case ast.Constant(value=bool()):
                raise _refusal(f"'{self._source(node)}' is not a number")
            case ast.Constant(value=int() | float() as number):
                if not _is_finite(number):
                    raise _refusal(f"'{self._source(node)}' is beyond a 64-bit float")
                parts: list[ast.expr] = []
            case ast.Name(id=name):
                yield name
                parts = []
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                parts = [node.operand]
            case ast.BinOp() if type(node.op) in _OPERATORS:
                parts = [node.left, node.right]
            case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]) if name in _OF_MANY:
                if not parts:
                    raise _refusal(f"'{name}' takes one number or more")
            case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]) if name in _OF_ONE:
                if len(parts) != 1:
                    raise _refusal(f"'{name}' takes one number, but has {len(parts)}")
            case _:
                source = self._source(node)
                raise _refusal(f"'{source}' is not allowed; known are numbers, {_KNOWN}")
        for part in parts:
            yield from self._names(part, depth - 1)

    def _source(self, node: ast.expr) -> str:
        """The text that a node was read from; formatting would recurse as deep as it is nested."""
        text = ast.get_source_segment(_python(self.text), node) or self.text
        text = text.replace("**", "^")
        return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _python(text: str) -> str:
    return text.strip().replace("^", "**")


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer
        return False


def _value(node: ast.expr, scores: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return scores[name]
        case ast.UnaryOp(op=op, operand=operand):
            value = _value(operand, scores)
            return -value if isinstance(op, ast.USub) else value
        case ast.BinOp(left=left, op=operator, right=right):
            return _OPERATORS[type(operator)](_value(left, scores), _value(right, scores))
        case ast.Call(func=ast.Name(id=name), args=args):
            values = [_value(arg, scores) for arg in args]
            return float(_OF_MANY[name](values) if name in _OF_MANY else _OF_ONE[name](values[0]))
    raise AssertionError(f"{ast.dump(node)} was let through")


def _refusal(reason: str) -> DefinitionError:
    return DefinitionError("calculate_output", f"{reason}.")
