"""Whether calls of tools fit together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._talks import TalkRule
from pitchpipe.records import Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class ToolCalls(TalkRule):
    """Finds calls of tools that are malformed, unanswered or of unknown tools, and stray answers.

    The arguments of a call are JSON in a text, its id is its own, and messages of role tool answer
    it before anybody else speaks. A conversation may end on a call, which is then what is learnt.
    One fix writes arguments that are an object, or JSON with line breaks in it, as proper JSON;
    another names the call that an answer is for, where only one comes into question.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    fixes: ClassVar[bool] = True
    rule: ClassVar[str] = "tool-calls"
    kinds: ClassVar[tuple[str, ...]] = (
        "spelled call",
        "unnamed answer",
        "odd call",
        "odd arguments",
        "odd tool_call_id",
        "undeclared call",
        "unanswered call",
        "stray answer",
    )
