"""Whether tools are declared as the API has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._talks import TalkRule
from pitchpipe.records import Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class ToolSchemas(TalkRule):
    """Finds tools that are no functions, have no proper name, or parameters that are no schema.

    Parameters are JSON Schema, of the draft of 2020-12; those of strict functions require all
    properties and allow no others. The same holds for ``functions``, which came before ``tools``.
    The fix leaves out empty lists, and writes tools the way their key has them.
    """

    scope: ClassVar[Scope] = "source"
    severity: ClassVar[Severity] = Severity.ERROR
    fixes: ClassVar[bool] = True
    rule: ClassVar[str] = "tool-schemas"
    kinds: ClassVar[tuple[str, ...]] = (
        "spelled tools",
        "empty tools",
        "empty functions",
        "odd tools",
        "odd parallel_tool_calls",
    )
