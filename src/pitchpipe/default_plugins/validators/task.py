"""What kind of task the rows are for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._fields import FormatAware
from pitchpipe.default_plugins.validators._places import rows
from pitchpipe.default_plugins.validators._tasks import TaskSeen
from pitchpipe.records import COMPLETION, Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class Task(FormatAware[TaskSeen]):
    """Says whether the rows are for classification, for answers in free text, or for continuing.

    As ``prepare_data`` of the openai package 0.27.8 had it: texts are continued from nothing where
    all prompts are empty; answers are classes where fewer than a third of them are different. What
    the user says (``data.task``) counts first. Different answers are counted exactly up to 16384,
    and beyond that within three in a hundred.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.NOTE

    def start(self) -> TaskSeen:
        """No rows."""
        return TaskSeen()

    def observe(self, state: TaskSeen, chunk: pd.DataFrame) -> TaskSeen:
        """Adds the chunk's rows."""
        return state + TaskSeen.of(chunk) if COMPLETION in chunk.columns else state

    def merge(self, a: TaskSeen, b: TaskSeen) -> TaskSeen:
        """The rows of both."""
        return a + b

    def conclude(self, state: TaskSeen) -> Sequence[Finding]:
        """One note."""
        if not state.rows:
            return []
        asked = self._contract.task
        kind = state.kind(asked)
        about = "about " * (state.answers.level > 0)
        why = {
            "open-ended": "all prompts are empty",
            "classification": f"{rows(state.rows)} have {about}{len(state.answers)} different "
            "completions, fewer than a third",
            "conditional": f"{rows(state.rows)} have {about}{len(state.answers)} different "
            "completions, a third or more",
        }
        said = {
            "open-ended": "continuing texts from nothing",
            "classification": "classification",
            "conditional": "answering in free text",
        }
        return [
            Finding(
                "task",
                Severity.NOTE,
                f"the task is {said[kind]}: {why[kind] if asked == 'auto' else 'as you chose'}",
                count=state.rows,
            )
        ]
