"""Whether all prompts begin with the same long text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from pitchpipe.affixes import separator_of
from pitchpipe.default_plugins.validators._affixes import Common, RemovePrefix
from pitchpipe.default_plugins.validators._places import shortened
from pitchpipe.records import PROMPT, Finding, Fix, FixLevel, Severity
from pitchpipe.stages import Scope, Validator, ValidatorCapabilities

MOST = 12
"""As in ``prepare_data`` of the openai package 0.27.8: so many characters may be alike."""


@dataclass(frozen=True)
class PromptPrefix(Validator[Common]):
    """Finds a beginning of more than 12 characters that all prompts share, which can be removed.

    A tuned model needs no instruction that is always the same. There is no fix where nothing but
    the separator would be left of a prompt.

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
        return state + Common.of(chunk, PROMPT)

    def merge(self, a: Common, b: Common) -> Common:
        """The rows of both."""
        return a + b

    def conclude(self, state: Common) -> Sequence[Finding]:
        """One warning, unless all prompts are one."""
        if len(state.prefix) <= MOST or state.same:
            return []
        bare = state.leaves_nothing(separator_of(state.suffix))
        return [
            Finding(
                "prompt-prefix",
                Severity.WARNING,
                f"all prompts begin with {shortened(state.prefix)}"
                + ("; there is no more to some of them" if bare else ""),
                count=state.rows,
                unit=state.unit,
                expected="prompts without instructions that are always the same",
                before=shortened(state.first[1]),
                after="" if bare else shortened(state.first[1][len(state.prefix) :]),
                fix=None
                if bare
                else Fix(
                    f"take {state.prefix!r} away from every prompt",
                    RemovePrefix(PROMPT, state.prefix),
                    self.level,
                    uniform=True,
                ),
            )
        ]
