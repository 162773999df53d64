"""Whether answers in free text end in something that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd

from pitchpipe.affixes import ENDINGS, ending_of
from pitchpipe.default_plugins.validators._fields import FormatAware
from pitchpipe.default_plugins.validators._marks import (
    Ends,
    all_the_same,
    check_candidates,
    mark_inside,
    no_mark,
)
from pitchpipe.default_plugins.validators._tasks import TaskSeen
from pitchpipe.records import COMPLETION, Finding, FixLevel, Severity
from pitchpipe.stages import Scope, ValidatorCapabilities


@dataclass(frozen=True)
class CompletionEndingState:
    """What was seen.

    Attributes:
        ends: those of the completions.
        task: what decides whether they need an ending.
    """

    ends: Ends = field(default_factory=Ends)
    task: TaskSeen = field(default_factory=TaskSeen)


@dataclass(frozen=True)
class CompletionEnding(FormatAware[CompletionEndingState]):
    """Finds free answers without a common ending to stop at, or all of them the same.

    From ``prepare_data`` of the openai package 0.27.8, which took any common tail for an ending;
    here an accident such as a bracket is none. It is for rows that are records as they stand.
    Labels, and texts that are to be continued from nothing, need none.

    Attributes:
        candidates: the endings to choose from: the first that no completion holds is taken.
        level: whether the fix is applied without being named.
    """

    capabilities = ValidatorCapabilities(repeatable_fix=False)

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    fixes: ClassVar[bool] = True

    candidates: tuple[str, ...] = ENDINGS
    level: FixLevel = "optional"

    def __post_init__(self) -> None:
        """Holds the candidates to what can stand at the end of an answer."""
        check_candidates(self.candidates)

    def start(self) -> CompletionEndingState:
        """No rows."""
        return CompletionEndingState()

    def observe(self, state: CompletionEndingState, chunk: pd.DataFrame) -> CompletionEndingState:
        """Adds the chunk's rows."""
        if self._contract.format != "completion":
            return state
        ends = Ends.of(chunk, COMPLETION, self.candidates)
        return self.merge(state, CompletionEndingState(ends, TaskSeen.of(chunk)))

    def merge(self, a: CompletionEndingState, b: CompletionEndingState) -> CompletionEndingState:
        """The rows of both."""
        return CompletionEndingState(a.ends + b.ends, a.task + b.task)

    def conclude(self, state: CompletionEndingState) -> Sequence[Finding]:
        """An error where all answers are one; else a warning, with a fix that adds an ending."""
        common, kind = state.ends.common, state.task.kind(self._contract.task)
        if kind != "conditional" or not common.rows or common.hollow:
            return []
        if common.same:
            return [all_the_same(COMPLETION, common)]
        inside, used = state.ends.inside, state.ends.used
        ending = ending_of(common.suffix, [mark for mark in self.candidates if mark not in inside])
        if ending:
            return [mark_inside(COMPLETION, ending, common)] if ending in inside else []
        chosen = next((mark for mark in self.candidates if mark not in used), "")
        return [no_mark(COMPLETION, common, chosen, self.candidates, self.level)]
