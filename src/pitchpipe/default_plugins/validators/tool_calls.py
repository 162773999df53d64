"""Whether calls of tools fit together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._places import rows
from pitchpipe.default_plugins.validators._talks import TalkRule, Tally, finding
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope

_SAYINGS = {
    "odd call": (
        "a call of a tool that is none",
        "calls by the assistant, each with an id of its own, a type and a function of that type "
        "with name and arguments",
    ),
    "odd arguments": (
        "arguments of a call that are no JSON object",
        "a JSON object, written as text",
    ),
    "undeclared call": (
        "a call of a tool that is not declared",
        "a name that stands in the record's tools or functions",
    ),
    "unanswered call": (
        "a call of a tool without an answer",
        "a message of role tool with the call's id before anybody else speaks",
    ),
    "stray answer": (
        "an answer of a tool that was not called",
        "a tool_call_id of the calls right before it",
    ),
}
"""What there is to say of each kind of fault, and what is expected."""


@dataclass(frozen=True)
class ToolCalls(TalkRule):
    """Finds calls of tools that are malformed, unanswered or of unknown tools, and stray answers.

    The arguments of a call are JSON in a text, its id is its own, and messages of role tool answer
    it before anybody else speaks. A conversation may end on a call, which is then what is learnt.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    kinds: ClassVar[tuple[str, ...]] = tuple(_SAYINGS)

    def _finding(self, kind: str, tally: Tally) -> Finding:
        message, expected = _SAYINGS[kind]
        return finding("tool-calls", tally, f"{rows(tally.places.count)} with {message}", expected)
