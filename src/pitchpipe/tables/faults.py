"""What a JSON text says that the values read from it cannot hold."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
import pandas as pd

from pitchpipe.errors import DataError
from pitchpipe.redaction import hide_keys

_ATTRIBUTE = "pitchpipe.faults"
_SHOWN = 60

_TINY = r"[eE]-\d{3}|0{300}"
_TINY_TEXT, _TINY_DATA = re.compile(_TINY), re.compile(_TINY.encode())


@dataclass(frozen=True)
class ReadingFault:
    """A value that reading loses or changes.

    Attributes:
        rule: ``duplicate-keys`` for a key that its object has again, ``number-range`` for a number
            that no 64-bit float comes near.
        locator: where the record starts, in the table's unit.
        path: where the value is in the record ("messages[0].content").
        found: what is there, shortened and without secret keys.
    """

    rule: Literal["duplicate-keys", "number-range"]
    locator: int
    path: str
    found: str

    def describe(self) -> str:
        """What is wrong, in one sentence, and what to do."""
        if self.rule == "duplicate-keys":
            return (
                f"{self.path} comes more than once in one object ({self.found}). Expected each key "
                "once; delete all but the one you mean."
            )
        return (
            f"{self.path}: {self.found} is not a number that a 64-bit float can hold. Expected a "
            "number of a smaller magnitude; correct it, or write it as text."
        )


class Faults(tuple[ReadingFault, ...]):
    """The faults of a chunk; pandas copies what is attached to a frame, and need not copy these."""

    __slots__ = ()

    def __deepcopy__(self, memo: object) -> Faults:
        return self


def attach(chunk: pd.DataFrame, faults: Sequence[ReadingFault]) -> None:
    """Notes on a chunk what reading its records loses."""
    if faults:
        chunk.attrs[_ATTRIBUTE] = Faults(faults)


def refuse(where: str, faults: Sequence[ReadingFault]) -> None:
    """Makes an error of faults, for those who have no validators to report them.

    Args:
        where: the file, and what its locators count ("rows.jsonl: line").
        faults: what was found.

    Raises:
        DataError: there is one; names the place of the first, and counts the rest.
    """
    if faults:
        more = f" (1 of {len(faults)} such values)" if len(faults) > 1 else ""
        raise DataError(f"{where} {faults[0].locator}{more}: {faults[0].describe()}")


def faults_of(chunk: pd.DataFrame) -> list[ReadingFault]:
    """What was lost when the records of a chunk were read."""
    noted: Sequence[ReadingFault] = chunk.attrs.get(_ATTRIBUTE, ())
    here = set(chunk.index) if noted else set()
    return [fault for fault in noted if fault.locator in here]


def is_lossless(text: str | bytes, value: object) -> bool:
    """Whether a value certainly holds all that its JSON text says.

    A text has a colon for each key and those in its strings. So has the value as it is written
    again, unless one of two equal keys is lost, or the text spells a colon as an escape. What is
    written as null stands as null in the text, unless it is no number of JSON. Both are counted
    without a look at any single value, which costs little beside the parsing.

    Args:
        text: one JSON text; or the bytes of several with line feeds between them, read by a parser
            that refuses infinite numbers. Zeros are for ``spells_tiny`` to judge.
        value: what was read from it; of several the list.
    """
    try:
        again = orjson.dumps(value)
    except TypeError:  # a whole number beyond 64 bits, half a surrogate pair, or too deep
        return False
    if isinstance(text, bytes):
        same = text.count(b":") == again.count(b":") and b"\\u003" not in text
        return same or _same_colons(text.decode(errors="replace"), again)
    same = _same_colons(text, again) and text.count("null") == again.count(b"null")
    return same and not (b"0.0" in again and _TINY_TEXT.search(text))


def spells_tiny(data: bytes) -> bool:
    """Whether some JSON may spell a number that is read as zero and is none."""
    return _TINY_DATA.search(data) is not None


def _same_colons(text: str, again: bytes) -> bool:
    return text.count(":") == again.count(b":") and "\\u003a" not in text and "\\u003A" not in text


class Examiner:
    """Decodes one JSON text and remembers what the values cannot hold."""

    def __init__(self) -> None:
        self._again: dict[int, tuple[object, dict[str, list[object]]]] = {}
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_float=_number,
            parse_int=_number,
            parse_constant=lambda name: None if name == "NaN" else _Beyond(name),
        )

    def decode(self, text: str) -> Any:
        """The value of a JSON text.

        Raises:
            ValueError: it is no JSON.
            RecursionError: it is nested too deeply.
        """
        return self._decoder.decode(text)

    def raw_decode(self, text: str, at: int) -> tuple[object, int]:
        """The value that begins at a place of a text, and where it ends; raises as ``decode``."""
        return self._decoder.raw_decode(text, at)

    def faults(self, locator: int, record: dict[str, Any]) -> list[ReadingFault]:
        """What a decoded record lost; its numbers out of range become what Python makes of them."""
        return list(self._walk(locator, record, ""))

    @property
    def left(self) -> list[str]:
        """The repeated keys of objects that were in none of the records given to ``faults``."""
        return [key for _, repeated in self._again.values() for key in repeated]

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            values: dict[str, list[object]] = {}
            for key, value in pairs:
                values.setdefault(key, []).append(value)
            # the object is kept, so that no other gets its identity
            self._again[id(made)] = made, {k: some for k, some in values.items() if len(some) > 1}
        return made

    def _walk(self, locator: int, value: Any, path: str) -> Iterator[ReadingFault]:
        if isinstance(value, dict):
            _, again = self._again.pop(id(value), (None, {}))
            for key, values in again.items():
                found = _shortened(
                    ", ".join(json.dumps(v, ensure_ascii=False, default=_literal) for v in values)
                )
                yield ReadingFault("duplicate-keys", locator, _joined(path, key), found)
            items: Any = list(value.items())
        elif isinstance(value, list):
            items = enumerate(value)
        else:
            return
        for key, item in items:
            inner = f"{path}[{key}]" if isinstance(key, int) else _joined(path, key)
            if isinstance(item, _Beyond):
                value[key] = item.nearest
                yield ReadingFault("number-range", locator, inner, _shortened(item.literal))
            elif isinstance(item, dict | list):
                yield from self._walk(locator, item, inner)


@dataclass(frozen=True)
class _Beyond:
    """A number that no float comes near, as it is written."""

    literal: str

    @property
    def nearest(self) -> float:
        """What Python makes of it."""
        return float(self.literal)


def _number(literal: str) -> object:
    value = float(literal)
    vanished = value == 0 and re.search("[1-9]", re.split("[eE]", literal)[0])
    if math.isinf(value) or vanished:
        return _Beyond(literal)
    return int(literal) if literal.lstrip("-").isdigit() else value


def _joined(path: str, key: str) -> str:
    name = key if key.strip() else repr(key)
    return f"{path}.{name}" if path else name


def _literal(value: object) -> str:
    return value.literal if isinstance(value, _Beyond) else str(value)


def _shortened(text: str) -> str:
    text = hide_keys(text[: 8 * _SHOWN])
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
