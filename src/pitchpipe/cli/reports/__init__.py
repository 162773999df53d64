"""What prepare found and wrote: for people, for programs, and for code hosts."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pitchpipe.errors import DataError
    from pitchpipe.pipeline import Pipeline
    from pitchpipe.records import PreparedData


class Report(Protocol):
    """One way to tell it."""

    def done(self, data: PreparedData) -> None:
        """Tells of a table that was prepared."""

    def failed(self, error: DataError) -> None:
        """Tells of a table that has errors; the error itself is told by whoever catches it."""


def report_of(arguments: argparse.Namespace, pipeline: Pipeline) -> Report:
    """The report that the flags ask for."""
    from pitchpipe.cli.reports.machine import JsonReport
    from pitchpipe.cli.reports.sarif import SarifReport
    from pitchpipe.cli.reports.terminal import TextReport

    if arguments.sarif:
        return SarifReport(arguments, pipeline)
    return (JsonReport if arguments.json else TextReport)(arguments, pipeline)
