"""Whether tools are declared as the API has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._flagging import finding
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.default_plugins.validators._talks import TalkRule
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class ToolSchemas(TalkRule):
    """Finds tools that are no functions, have no proper name, or parameters that are no schema.

    Parameters are JSON Schema, of the draft of 2020-12.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    rule: ClassVar[str] = "tool-schemas"

    def _finding(self, places: Places) -> Finding:
        return finding(
            places,
            self.rule,
            Severity.ERROR,
            f"{rows(places.count)} with tools that are not declared as they must be",
            "a list of functions, each with a name of 1 to 64 letters, digits, _ and -, and "
            "parameters in JSON Schema; parallel_tool_calls true or false",
        )
