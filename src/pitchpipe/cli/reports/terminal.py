"""Text: what was found to standard error, what was written to standard output."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from pitchpipe.cli import summary
from pitchpipe.cli.output import answer, say, shown
from pitchpipe.cli.reports.next_steps import asking_text, missing_text, next_command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pitchpipe.errors import DataError
    from pitchpipe.pipeline import Pipeline
    from pitchpipe.records import Change, PreparedData


class TextReport:
    """A table of findings, the files, and how it goes on.

    Args:
        arguments: what was asked for.
        pipeline: what does it.
    """

    def __init__(self, arguments: argparse.Namespace, pipeline: Pipeline) -> None:
        self._arguments = arguments
        self._file: str = arguments.file
        self._pipeline = pipeline

    def done(self, data: PreparedData) -> None:
        """Prints what was inferred and found, the files, and how it goes on."""
        if inferred := summary.inferred_text(data, self._file):
            say(inferred)
        if self._arguments.dry_run:
            self._changes(data)
            return
        answer(f"{data.train}: {data.train_rows} records")
        if data.valid:
            answer(f"{data.valid}: {data.valid_rows} records")
        else:
            say("Nothing was held out.")
        if data.changes:
            say(f"{data.changes}: what the fixes changed or removed")
        if asking := asking_text(data.contract):
            say(asking)
        say(summary.estimate_text(self._pipeline.estimate(data)))
        if missing := missing_text(data, self._pipeline):
            say(missing)
        say(f"Next: {next_command(data, self._pipeline, self._arguments)}")

    def failed(self, error: DataError) -> None:
        """Prints all that was found beside the errors, which are told by whoever catches them."""
        rest = [finding for finding in error.everything if finding not in error.findings]
        if rest:
            say(summary.findings_text(rest, self._file, error.applied))

    def _changes(self, data: PreparedData) -> None:
        if not data.changed:
            answer(f"{self._file}: no fix changes anything")
        for rule, count in data.changed.items():
            changes = [change for change in data.samples if change.rule == rule]
            answer(f"@@ {rule}: {count} changed or removed, {len(changes)} shown @@")
            for change in changes:
                self._change(change)
        answer(f"would write {data.train}: {data.train_rows} records")
        if data.valid:
            answer(f"would write {data.valid}: {data.valid_rows} records")

    def _change(self, change: Change) -> None:
        place = f"{change.unit} {change.line}"
        answer(f"- {place}: {_json(change.before)}")
        if change.after is not None:
            answer(f"+ {place}: {_json(change.after)}")


def _json(cells: Mapping[str, Any]) -> str:
    return shown(json.dumps(cells, ensure_ascii=False, default=str))
