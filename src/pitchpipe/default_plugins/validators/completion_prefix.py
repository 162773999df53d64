"""Whether all completions begin with the same long text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from pitchpipe.affixes import ending_of
from pitchpipe.default_plugins.validators._affixes import LONG, Common, RemovePrefix
from pitchpipe.default_plugins.validators._places import shortened
from pitchpipe.records import COMPLETION, Finding, Fix, FixLevel, Severity
from pitchpipe.stages import Scope, Validator, ValidatorCapabilities


@dataclass(frozen=True)
class CompletionPrefix(Validator[Common]):
    """Finds a beginning of 5 characters or more that all completions share, which can be removed.

    The length is that of ``prepare_data`` of the openai package 0.27.8. One space is kept where
    there is one. There is no fix where nothing, or nothing but the ending, would be left of a
    completion.

    Attributes:
        level: whether the fix is applied without being named.
    """

    capabilities = ValidatorCapabilities(repeatable_fix=False)

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.WARNING
    fixes: ClassVar[bool] = True

    level: FixLevel = "optional"

    def start(self) -> Common:
        """No rows."""
        return Common()

    def observe(self, state: Common, chunk: pd.DataFrame) -> Common:
        """Adds the chunk's rows."""
        return state + Common.of(chunk, COMPLETION)

    def merge(self, a: Common, b: Common) -> Common:
        """The rows of both."""
        return a + b

    def conclude(self, state: Common) -> Sequence[Finding]:
        """One warning, unless all completions are one."""
        if len(state.prefix) < LONG or state.same:
            return []
        bare = state.leaves_nothing(ending_of(state.suffix))
        keep = " " if state.prefix.startswith(" ") else ""
        return [
            Finding(
                "completion-prefix",
                Severity.WARNING,
                f"all completions begin with {shortened(state.prefix)}"
                + ("; there is no more to some of them" if bare else ""),
                count=state.rows,
                unit=state.unit,
                expected="completions without words that are always the same",
                before=shortened(state.first[1]),
                after="" if bare else shortened(keep + state.first[1][len(state.prefix) :]),
                fix=None
                if bare
                else Fix(
                    f"take {state.prefix!r} away from every completion"
                    + (", but for one space" if keep else ""),
                    RemovePrefix(COMPLETION, state.prefix, keep),
                    self.level,
                    uniform=True,
                ),
            )
        ]
