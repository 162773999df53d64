"""Whether texts are written in capitals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from pitchpipe.default_plugins.validators._affixes import joined, texts_of, with_texts
from pitchpipe.default_plugins.validators._fields import cells
from pitchpipe.default_plugins.validators._places import rows, shortened, unit_of
from pitchpipe.records import COMPLETION, PROMPT, Finding, Fix, FixLevel, Severity
from pitchpipe.stages import Scope, Validator

_BLOCK = 1 << 15
_ALPHABET = np.uint8(26)
_UPPER, _LOWER = (np.uint8(ord(first)) for first in "Aa")


@dataclass(frozen=True)
class LowerCase:
    """Writes the texts of a column in lower case."""

    column: str

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk so written."""
        return with_texts(chunk, self.column, lambda texts: list(map(str.lower, texts)))


@dataclass(frozen=True)
class Letters:
    """The letters of some texts.

    Attributes:
        upper: how many are upper case.
        lower: how many are lower case.
        rows: how many texts there are.
        first: the number and the text of the first row that lower case would change.
        unit: what the number counts.
    """

    upper: int = 0
    lower: int = 0
    rows: int = 0
    first: tuple[tuple[int, str], ...] = ()
    unit: str = ""

    @classmethod
    def of(cls, chunk: pd.DataFrame, column: str) -> Letters:
        """Those of the texts in a chunk's column."""
        text = joined(chunk, column)
        upper, lower = _letters(text)
        first: tuple[tuple[int, str], ...] = ()
        if upper or not text.isascii():
            pairs = zip(chunk.index, cells(chunk, column), strict=True)
            changed = (
                (int(line), cell)
                for line, cell in pairs
                if isinstance(cell, str) and cell != cell.lower()
            )
            first = tuple(islice(changed, 1))
        return cls(upper, lower, len(texts_of(chunk, column)), first, unit_of(chunk))

    def __add__(self, other: Letters) -> Letters:
        return Letters(
            self.upper + other.upper,
            self.lower + other.lower,
            self.rows + other.rows,
            min(self.first or other.first, other.first or self.first),
            max(self.unit, other.unit),
        )


class _UpperCase(Validator[Letters]):
    """Finds a column of which more than a third is in capitals, as its subclass says."""

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.WARNING
    fixes: ClassVar[bool] = True

    rule: ClassVar[str]
    column: ClassVar[str]
    level: FixLevel

    def start(self) -> Letters:
        """No letters."""
        return Letters()

    def observe(self, state: Letters, chunk: pd.DataFrame) -> Letters:
        """Adds the chunk's letters."""
        return state + Letters.of(chunk, self.column)

    def merge(self, a: Letters, b: Letters) -> Letters:
        """The letters of both."""
        return a + b

    def conclude(self, state: Letters) -> Sequence[Finding]:
        """One warning."""
        if state.upper * 2 <= state.lower or not state.first:
            return []
        example = state.first[0][1]
        return [
            Finding(
                self.rule,
                Severity.WARNING,
                f"more than a third of the {self.column}s is in capitals: {state.upper} letters of "
                f"{state.upper + state.lower}",
                count=state.rows,
                unit=state.unit,
                expected="the mixture of ordinary writing, or lower case where capitals mean "
                "nothing",
                before=shortened(example),
                after=shortened(example.lower()),
                fix=Fix(
                    f"write {rows(state.rows)} in lower case", LowerCase(self.column), self.level
                ),
            )
        ]


@dataclass(frozen=True)
class UpperCasePrompts(_UpperCase):
    """Finds prompts of which, all in all, more than a third of the letters are capitals.

    As ``prepare_data`` of the openai package 0.27.8 counted: twice the capitals are more than the
    small letters. Models know ordinary writing better.

    Attributes:
        level: whether the fix is applied without being named.
    """

    rule: ClassVar[str] = "upper-case-prompts"
    column: ClassVar[str] = PROMPT

    level: FixLevel = "optional"


@dataclass(frozen=True)
class UpperCaseCompletions(_UpperCase):
    """Finds completions of which, all in all, more than a third of the letters are capitals.

    Counted as in ``upper-case-prompts``.

    Attributes:
        level: whether the fix is applied without being named.
    """

    rule: ClassVar[str] = "upper-case-completions"
    column: ClassVar[str] = COMPLETION

    level: FixLevel = "optional"


def _letters(text: str) -> tuple[int, int]:
    """How many letters of a text are upper case, and how many lower case."""
    if text.isascii():
        codes = np.frombuffer(text.encode(), np.uint8)
        return _from(codes, _UPPER), _from(codes, _LOWER)
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    counts = np.bincount(points)
    found = [(int(counts[point]), _case(point)) for point in np.flatnonzero(counts).tolist()]
    return sum(n for n, case in found if case > 0), sum(n for n, case in found if case < 0)


def _from(codes: npt.NDArray[np.uint8], first: np.uint8) -> int:
    """How many of the codes are one of the 26 from the first on."""
    count = 0
    for start in range(0, len(codes), _BLOCK):  # what fits into the processor's cache
        count += int(np.count_nonzero(codes[start : start + _BLOCK] - first < _ALPHABET))
    return count


@cache
def _case(point: int) -> int:
    """1 for an upper case letter, -1 for a lower case one, else 0."""
    letter = chr(point)
    return letter.isalpha() * (letter.isupper() - letter.islower())
