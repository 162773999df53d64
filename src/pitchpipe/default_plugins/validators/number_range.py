"""Whether all numbers are within the range of 64-bit floats."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._readings import Lost, ReadingRule
from pitchpipe.default_plugins.validators._text import text_of


@dataclass(frozen=True)
class NumberRange(ReadingRule):
    """Finds numbers that a 64-bit float cannot hold: ``1e999`` would be infinite, ``1e-999`` zero.

    ``Infinity`` itself, which is not JSON, and infinite numbers in other tables are found as well.
    Whole numbers beyond 64 bits are kept digit by digit.
    """

    rule: ClassVar[str] = "number-range"
    what: ClassVar[str] = "a number that a 64-bit float cannot hold"
    expected: ClassVar[str] = (
        "numbers below 1.8e308, and zero or above 4.9e-324, whatever the sign; correct them, or "
        "write them as text"
    )

    def _lost(self, chunk: pd.DataFrame) -> Iterator[Lost]:
        found = list(super()._lost(chunk))
        yield from found
        known = {(line, path) for line, path, _ in found}
        for column in map(str, chunk.columns):
            if float not in text_of(chunk).kinds(column):
                continue
            for line, cell in zip(chunk.index, text_of(chunk).raw(column), strict=True):
                if (
                    isinstance(cell, float)
                    and math.isinf(cell)
                    and (int(line), column) not in known
                ):
                    yield int(line), column, repr(cell)
