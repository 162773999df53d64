"""A splitter and a validator with a state of its own, registered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe import hookimpl
from pitchpipe.hookspecs import Register
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope, Splitter, SplitterCapabilities, Validator


@dataclass(frozen=True)
class Even(Splitter):
    capabilities = SplitterCapabilities(keeps_groups=False)

    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        return index["prompt"] % 2 == 0


@dataclass(frozen=True)
class Counting(Validator[int]):
    scope: ClassVar[Scope] = "source"

    def start(self) -> int:
        return 0

    def observe(self, state: int, chunk: pd.DataFrame) -> int:
        return state + len(chunk)

    def merge(self, a: int, b: int) -> int:
        return a + b

    def conclude(self, state: int) -> Sequence[Finding]:
        return [Finding("counting", Severity.NOTE, f"{state} rows")]


@hookimpl
def register_splitters(register: Register[type[Splitter]]) -> None:
    register("even", Even)


@hookimpl
def register_validators(register: Register[type[Validator[Any]]]) -> None:
    register("counting", Counting)
