"""How far a run has come, on stderr: an observer like any other."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from pitchpipe.cli.output import shown, write
from pitchpipe.cli.summary import estimate_text
from pitchpipe.hookspecs import hookimpl
from pitchpipe.records import Estimate, JobEvent

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

SLOW = 2.0
"""Seconds after which a stage is worth a bar, or a line in a log."""

QUIET = 10.0
"""Seconds between two lines about the same thing in a log."""


class Progress:
    """Bars on a terminal, lines anywhere else; quick stages show nothing.

    Args:
        stream: where to show it.
        clock: seconds from any starting point.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._began = 0.0
        self._spoke = 0.0
        self._bars: Bars | None = None

    @hookimpl
    def stage_started(self) -> None:
        """Starts its clock."""
        self._began = self._spoke = self._clock()

    @hookimpl
    def stage_progressed(self, stage: str, done: int, total: int | None) -> None:
        """Moves its bar, or says a line now and then."""
        now = self._clock()
        if now - self._began < SLOW:
            return
        if self._stream.isatty():
            self._move(stage, done, total)
        elif now - self._spoke >= QUIET:
            self._line(f"{stage}: {done}" + (f" of {total}" if total else ""))

    @hookimpl
    def stage_finished(self, stage: str, seconds: float) -> None:
        """Takes its bar away."""
        self.clear()
        if seconds >= SLOW:
            self._line(f"{stage}: done in {seconds:.1f} s")

    @hookimpl
    def stage_failed(self) -> None:
        """Takes its bar away; the error is told by whoever catches it."""
        self.clear()

    @hookimpl
    def job_estimated(self, estimate: Estimate) -> None:
        """Says it."""
        self._line(estimate_text(estimate))

    @hookimpl
    def job_event(self, event: JobEvent) -> None:
        """Says what the service says; of its figures only some."""
        if event.type == "metrics" and self._clock() - self._spoke < QUIET:
            return
        self._line(f"{_time(event)} {shown(event.message)}")

    def _line(self, text: str) -> None:
        self._spoke = self._clock()
        write(text, self._stream)

    def _move(self, stage: str, done: int, total: int | None) -> None:
        if self._bars is None:
            from rich.console import Console
            from rich.progress import Progress as Bars

            self._bars = Bars(console=Console(file=self._stream), transient=True)
            self._bars.start()
            self._bars.add_task(stage, total=total)
        self._bars.update(self._bars.task_ids[0], completed=done)

    def clear(self) -> None:
        """Takes its bar away, as for a question; more progress brings it back."""
        if self._bars is not None:
            self._bars.stop()
        self._bars = None


def _time(event: JobEvent) -> str:
    return time.strftime("%H:%M:%S", time.localtime(event.created_at))
