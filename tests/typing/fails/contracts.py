"""Stages that break their contract's signatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from pitchpipe.records import Finding, Format
from pitchpipe.stages import Formatter, Scope, Splitter, Validator


@dataclass(frozen=True)
class Mixed(Validator[int]):
    scope: ClassVar[Scope] = "everything"  # error: assignment

    def start(self) -> str:  # error: override
        return ""

    def observe(self, state: int, chunk: pd.DataFrame) -> int:
        return "many"  # error: return-value

    def merge(self, a: str, b: str) -> int:  # error: override
        return 0

    def conclude(self, state: int) -> Sequence[Finding]:
        return [state]  # error: list-item


class Unfinished(Splitter):
    def order(self, rows: str) -> None:  # error: override
        return None


Unfinished()  # error: abstract


class Odd(Formatter):
    format: ClassVar[Format] = "yaml"  # error: assignment
