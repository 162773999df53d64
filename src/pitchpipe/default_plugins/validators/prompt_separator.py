"""Whether prompts end in something that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from pitchpipe.affixes import SEPARATORS, separator_of
from pitchpipe.default_plugins.validators._fields import FormatAware
from pitchpipe.default_plugins.validators._marks import (
    Ends,
    all_the_same,
    check_candidates,
    mark_inside,
    no_mark,
)
from pitchpipe.records import PROMPT, Finding, FixLevel, Severity
from pitchpipe.stages import Scope, ValidatorCapabilities


@dataclass(frozen=True)
class PromptSeparator(FormatAware[Ends]):
    r"""Finds prompts without a common separator at their ends, or all of them the same.

    From ``prepare_data`` of the openai package 0.27.8, which took any common tail for a separator;
    here an accident such as a question mark is none. It is for rows that are records as they
    stand; the formatter of the article's profile writes the separator itself. Prompts that are all
    empty, to be continued from nothing, need none.

    Attributes:
        candidates: the separators to choose from: the first that no prompt holds is taken, but none
            without a line end where prompts have several lines.
        level: whether the fix is applied without being named.
    """

    capabilities = ValidatorCapabilities(repeatable_fix=False)

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    fixes: ClassVar[bool] = True

    candidates: tuple[str, ...] = SEPARATORS
    level: FixLevel = "optional"

    def __post_init__(self) -> None:
        """Holds the candidates to what can stand at the end of a prompt."""
        check_candidates(self.candidates)

    def start(self) -> Ends:
        """No rows."""
        return Ends()

    def observe(self, state: Ends, chunk: pd.DataFrame) -> Ends:
        """Adds the chunk's rows."""
        if self._contract.format != "completion":
            return state
        return state + Ends.of(chunk, PROMPT, self.candidates)

    def merge(self, a: Ends, b: Ends) -> Ends:
        """The rows of both."""
        return a + b

    def conclude(self, state: Ends) -> Sequence[Finding]:
        """An error where all prompts are one; else a warning, with a fix that adds a separator."""
        common = state.common
        if not common.rows or common.hollow:
            return []
        if common.same:
            return [all_the_same(PROMPT, common)]
        separator = separator_of(common.suffix, self.candidates)
        if separator:
            return [mark_inside(PROMPT, separator, common)] if separator in state.inside else []
        chosen = next((mark for mark in self.candidates if self._fits(mark, state)), "")
        return [no_mark(PROMPT, common, chosen, self.candidates, self.level)]

    def _fits(self, mark: str, state: Ends) -> bool:
        return mark not in state.used and ("\n" in mark or "\n" not in state.used)
