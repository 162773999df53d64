"""Whether calls of tools fit together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._flagging import finding
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.default_plugins.validators._talks import TalkRule
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class ToolCalls(TalkRule):
    """Finds calls of tools that are malformed, unanswered or of unknown tools, and stray answers.

    The arguments of a call are JSON in a text, its id is its own, and messages of role tool answer
    it before anybody else speaks. A conversation may end on a call, which is then what is learnt.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    rule: ClassVar[str] = "tool-calls"

    def _finding(self, places: Places) -> Finding:
        return finding(
            places,
            self.rule,
            Severity.ERROR,
            f"{rows(places.count)} with calls of tools that do not fit together",
            "an id of its own for every call, a declared function with arguments as a JSON "
            "object in text, and an answer of role tool with that id right after it",
        )
