"""Whether tools are declared as the API has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._places import rows
from pitchpipe.default_plugins.validators._talks import TalkRule, Tally, finding
from pitchpipe.default_plugins.validators._tools import MOST
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class ToolSchemas(TalkRule):
    """Finds tools that are no functions, have no proper name, or parameters that are no schema.

    Parameters are JSON Schema, of the draft of 2020-12. The same holds for ``functions``, which
    came before ``tools``.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    kinds: ClassVar[tuple[str, ...]] = ("odd tools", "odd parallel_tool_calls")

    def _finding(self, kind: str, tally: Tally) -> Finding:
        count = rows(tally.places.count)
        if kind == "odd parallel_tool_calls":
            message, expected = f"{count} with an odd parallel_tool_calls", "true or false"
            return finding("tool-schemas", tally, message, expected)
        return finding(
            "tool-schemas",
            tally,
            f"{count} with tools that are not declared as they must be",
            f"1 to {MOST} functions, each with a name of its own of 1 to 64 letters, digits, _ "
            "and -, and parameters in JSON Schema",
        )
