"""Whether completions begin with a space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._affixes import LONG, Common, texts_of, with_texts
from pitchpipe.default_plugins.validators._fields import FormatAware, cells
from pitchpipe.default_plugins.validators._places import SHOWN, Places, rows, shortened, unit_of
from pitchpipe.records import COMPLETION, Finding, Fix, FixLevel, Severity
from pitchpipe.stages import Scope

_LETTERS = 60


@dataclass(frozen=True)
class PutSpace:
    """Puts a space before every text of a column that does not begin with one."""

    column: str

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk with it."""
        return with_texts(chunk, self.column, _spaced)


def _spaced(texts: Sequence[str]) -> list[str]:
    return [text if text.startswith(" ") or not text else " " + text for text in texts]


def _lacks_space(cell: object) -> bool:
    return isinstance(cell, str) and cell != "" and cell[0] != " "


@dataclass(frozen=True)
class CompletionSpaceState:
    """What was seen.

    Attributes:
        common: what the completions have in common.
        places: those without a space, with the text of the first few.
    """

    common: Common = field(default_factory=Common)
    places: Places = field(default_factory=Places)


@dataclass(frozen=True)
class CompletionSpace(FormatAware[CompletionSpaceState]):
    """Finds completions of the completion format that do not begin with a space.

    Tokens of English words begin with the space before the word. It is for rows that are records as
    they stand; the formatter of the article's profile writes the space itself.

    Attributes:
        level: whether the fix is applied without being named.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.WARNING
    fixes: ClassVar[bool] = True

    level: FixLevel = "optional"

    def start(self) -> CompletionSpaceState:
        """No rows."""
        return CompletionSpaceState()

    def observe(self, state: CompletionSpaceState, chunk: pd.DataFrame) -> CompletionSpaceState:
        """Adds the chunk's rows."""
        if self._contract.format != "completion":
            return state
        common = Common.of(chunk, COMPLETION)
        return self.merge(state, CompletionSpaceState(common, _places(chunk, common)))

    def merge(self, a: CompletionSpaceState, b: CompletionSpaceState) -> CompletionSpaceState:
        """The rows of both."""
        return CompletionSpaceState(a.common + b.common, a.places + b.places)

    def conclude(self, state: CompletionSpaceState) -> Sequence[Finding]:
        """One warning for all of them."""
        places, common = state.places, state.common
        if not places.count:
            return []
        # what is left of a completion whose prefix goes may begin with a space
        alike = places.count == common.rows and len(common.prefix) < LONG
        return [
            Finding(
                "completion-space",
                Severity.WARNING,
                f"{rows(places.count)} whose completion does not begin with a space",
                count=places.count,
                lines=places.lines,
                unit=places.unit,
                expected="a space at the beginning of every completion",
                before=shortened(places.example),
                after=shortened(" " + places.example),
                fix=Fix(
                    f"put a space before {rows(places.count)}",
                    PutSpace(COMPLETION),
                    self.level,
                    uniform=alike,
                ),
            )
        ]


def _places(chunk: pd.DataFrame, common: Common) -> Places:
    if common.prefix.startswith(" "):
        return Places()
    starts = [text[:1] for text in texts_of(chunk, COMPLETION)]
    count = len(starts) - starts.count(" ") - starts.count("")
    pairs = zip(chunk.index, cells(chunk, COMPLETION), strict=True)
    first = ((int(line), cell[:_LETTERS]) for line, cell in pairs if _lacks_space(cell))
    return Places(count, tuple(islice(first, SHOWN)) if count else (), unit_of(chunk))
