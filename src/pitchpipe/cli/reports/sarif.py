"""SARIF 2.1.0, the findings format that code hosts show beside the lines of a file.

Source of the format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/
"""

from __future__ import annotations

import argparse
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pitchpipe import __version__
from pitchpipe.cli.docs import documentation_of, summary_of
from pitchpipe.cli.output import answer_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pitchpipe.errors import DataError
    from pitchpipe.pipeline import Pipeline
    from pitchpipe.records import Finding, PreparedData

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


class SarifReport:
    """The findings, for a code host.

    Args:
        arguments: what was asked for.
        pipeline: what does it, whose rules are described.
    """

    def __init__(self, arguments: argparse.Namespace, pipeline: Pipeline) -> None:
        self._file: str = arguments.file
        registry = pipeline.host.validators
        self._rules = {registry.spelling_of(entry): entry for entry in registry}

    def done(self, data: PreparedData) -> None:
        """Prints what was found."""
        self._print(data.findings, notes=data.notes)

    def failed(self, error: DataError) -> None:
        """Prints what was found, or why nothing could be."""
        self._print(error.everything, "" if error.findings else str(error))

    def _print(
        self, findings: Sequence[Finding], failure: str = "", notes: Sequence[str] = ()
    ) -> None:
        used = sorted({finding.rule for finding in findings})
        answer_json(
            {
                "$schema": SCHEMA,
                "version": "2.1.0",
                "runs": [
                    {
                        "tool": {
                            "driver": {
                                "name": "pitchpipe",
                                "version": __version__,
                                "rules": [self._rule(name) for name in used],
                            }
                        },
                        "invocations": [_invocation(failure, notes)],
                        "results": [self._result(f, used.index(f.rule)) for f in findings],
                    }
                ],
            }
        )

    def _rule(self, name: str) -> dict[str, Any]:
        if name not in self._rules:
            return {"id": name}
        stage = self._rules[name].stage
        documentation = documentation_of(stage) or name
        return {
            "id": name,
            "shortDescription": {"text": summary_of(stage) or name},
            "fullDescription": {"text": documentation},
            "help": {"text": documentation},
            "defaultConfiguration": {"level": str(stage.severity)},
        }

    def _result(self, finding: Finding, rule: int) -> dict[str, Any]:
        path = PurePath(self._file)
        uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
        places = finding.lines if finding.unit == "line" else ()
        locations: list[dict[str, Any]] = [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": uri},
                    "region": {"startLine": int(line)},
                }
            }
            for line in places
        ]
        return {
            "ruleId": finding.rule,
            "ruleIndex": rule,
            "level": str(finding.severity),
            "message": {"text": finding.describe(self._file)},
            "locations": locations or [{"physicalLocation": {"artifactLocation": {"uri": uri}}}],
            "properties": {"count": finding.count, "unit": finding.unit},
        }


def _invocation(failure: str, notes: Sequence[str]) -> dict[str, Any]:
    told = [{"level": "note", "message": {"text": note}} for note in notes]
    if failure:
        told.append({"level": "error", "message": {"text": failure}})
    invocation: dict[str, Any] = {"executionSuccessful": not failure}
    return invocation | ({"toolExecutionNotifications": told} if told else {})
