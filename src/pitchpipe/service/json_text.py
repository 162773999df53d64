"""JSON that strangers wrote: measured as text, before any of it becomes an object."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

MAX_DEPTH = 100
"""Levels of arrays and objects in one JSON text: code that walks over values recurses so deep."""

MAX_VALUES = 200_000
"""Values in one JSON text: an empty list takes three bytes of text and more than 60 of memory."""

_CHUNK = 1 << 20  # bytes measured at once
_MAX_SHOWN = 60  # characters of a key in a message


class JsonError(ValueError):
    """A text that is not taken for JSON; the message is a clause that says why."""


@dataclass(frozen=True)
class Shape:
    """What a JSON text holds, counted outside of its strings.

    Attributes:
        depth: levels of arrays and objects.
        values: not fewer than it has.
        members: members of all its objects.
    """

    depth: int
    values: int
    members: int


def parse(text: bytes, *, unique_keys: bool = False) -> Any:
    """The value of a JSON text.

    Integers beyond 64 bits become the nearest float.

    Args:
        text: in UTF-8, without a byte order mark.
        unique_keys: whether an object with two equal keys is refused. Without it the last counts.

    Raises:
        JsonError: it is not JSON, or has more levels or values than the limits above, a number
            beyond a 64-bit float, or half of a surrogate pair.
    """
    shape = measure(text)
    if shape.depth > MAX_DEPTH:
        raise JsonError(
            f"arrays and objects are nested {shape.depth} levels deep; at most {MAX_DEPTH} levels "
            "are allowed"
        )
    if shape.values > MAX_VALUES:
        raise JsonError(f"it holds {shape.values} values; at most {MAX_VALUES} are allowed")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        line = f"line {error.lineno}, " if b"\n" in text else ""
        raise JsonError(f"{error.msg} at {line}column {error.colno}") from None
    if unique_keys and shape.members > _count_members(value):
        raise JsonError(_repeated_key(text))
    return value


def parse_exactly(text: str) -> Any:
    """The value of a JSON text, with integers of any size that Python reads.

    Raises:
        JsonError: as for ``parse``, but values are not counted, and surrogates are let through.
    """
    if not is_shallow(text.encode("utf-8", "surrogatepass")):
        raise JsonError(f"arrays and objects are nested deeper than {MAX_DEPTH} levels")
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except JsonError:
        raise
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if "\n" in text else ""
        raise JsonError(f"{error.msg} at {line}column {error.colno}") from None
    except ValueError:  # Python's limit on the digits of an integer
        raise JsonError("an integer has too many digits") from None


def _refuse_constant(name: str) -> None:
    raise JsonError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise JsonError("a number is beyond a 64-bit float")
    return number


def is_shallow(text: bytes) -> bool:
    """Whether a JSON text has at most ``MAX_DEPTH`` levels, told in a fraction of parsing it."""
    # every level opens once: most texts do not open often enough
    return text.count(b"[") + text.count(b"{") <= MAX_DEPTH or measure(text).depth <= MAX_DEPTH


def measure(text: bytes) -> Shape:
    """The shape of a JSON text, in time linear in its length; of other texts anything."""
    if b"\\" in text:  # an escaped quotation mark ends no string
        text = text.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    level = deepest = separators = openings = members = 0
    in_string = np.uint8(0)
    for start in range(0, len(text), _CHUNK):
        codes = np.frombuffer(text, np.uint8, min(_CHUNK, len(text) - start), start)
        inside = np.bitwise_xor.accumulate((codes == ord('"')).view(np.uint8)) ^ in_string
        in_string = inside[-1]
        outside = inside == 0
        opens = ((codes == ord("[")) | (codes == ord("{"))) & outside
        closes = ((codes == ord("]")) | (codes == ord("}"))) & outside
        levels = np.cumsum(opens.view(np.int8) - closes.view(np.int8), dtype=np.int32) + level
        level, deepest = int(levels[-1]), max(deepest, int(levels.max()))
        openings += int(np.count_nonzero(opens))
        separators += int(np.count_nonzero((codes == ord(",")) & outside))
        members += int(np.count_nonzero((codes == ord(":")) & outside))
    return Shape(deepest, 1 + openings + separators, members)


def _count_members(value: Any) -> int:
    members = 0
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if type(node) is dict:
            members += len(node)
            waiting += [child for child in node.values() if child and type(child) in (dict, list)]
        elif type(node) is list:
            waiting += [child for child in node if child and type(child) in (dict, list)]
    return members


def _repeated_key(text: bytes) -> str:
    def note(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                shown = key if len(key) <= _MAX_SHOWN else key[: _MAX_SHOWN - 3] + "..."
                found.append(shown)
                return
            seen.add(key)

    found: list[str] = []
    json.loads(text, object_pairs_hook=note)
    return f"an object has the key {json.dumps(found[0], ensure_ascii=False)} twice"
