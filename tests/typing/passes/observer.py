"""An observer that takes a part of what it is told."""

from __future__ import annotations

import logging

from pitchpipe import PluginHost, hookimpl
from pitchpipe.records import JobEvent, RunInfo

_log = logging.getLogger(__name__)


class Ear:
    @hookimpl
    def job_event(self, event: JobEvent) -> None:
        _log.info("%s %s", event.message, event.data.get("train_loss"))

    @hookimpl(tryfirst=True)
    def run_finished(self, run: RunInfo, error: BaseException | None) -> None:
        _log.info("%s %s", run.folder / "done", error)


PluginHost([Ear()]).register(Ear(), "second")
