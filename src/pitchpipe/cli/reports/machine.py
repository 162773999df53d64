"""One JSON object."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING, Any

from pitchpipe.cli.output import answer_json
from pitchpipe.cli.reports.next_steps import next_command

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pitchpipe.errors import DataError
    from pitchpipe.pipeline import Pipeline
    from pitchpipe.records import Finding, PreparedData


class JsonReport:
    """Everything, for a program.

    Args:
        arguments: what was asked for.
        pipeline: what does it.
    """

    def __init__(self, arguments: argparse.Namespace, pipeline: Pipeline) -> None:
        self._arguments = arguments
        self._file: str = arguments.file
        self._pipeline = pipeline

    def done(self, data: PreparedData) -> None:
        """Prints the files, what was found, and how it goes on."""
        from pitchpipe.prepared import manifest_of

        manifest = manifest_of(data.train)
        estimate = None if self._arguments.dry_run else self._pipeline.estimate(data)
        answer_json(
            {
                "file": self._file,
                "dry_run": self._arguments.dry_run,
                "train": str(data.train),
                "valid": str(data.valid) if data.valid else None,
                "changes": str(data.changes) if data.changes else None,
                "manifest": str(manifest) if manifest.exists() else None,
                "train_rows": data.train_rows,
                "valid_rows": data.valid_rows,
                "contract": data.contract.to_json(),
                "applied": list(data.applied),
                "changed": dict(data.changed),
                "findings": self._findings(data.findings),
                "samples": [dataclasses.asdict(change) for change in data.samples],
                "notes": list(data.notes),
                "estimate": dataclasses.asdict(estimate) if estimate else None,
                "next": next_command(data, self._pipeline, self._arguments),
            }
        )

    def failed(self, error: DataError) -> None:
        """Prints what was found."""
        answer_json(
            {
                "file": self._file,
                "error": str(error),
                "findings": self._findings(error.everything),
            }
        )

    def _findings(self, findings: Iterable[Finding]) -> list[dict[str, Any]]:
        return [{"file": self._file, **finding.to_json()} for finding in findings]
